import { resolve } from "node:path";
import { AppError, isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { importPublicKey, type VerificationKey } from "@countersign/credentials";
import { readJsonFile } from "./json-file.ts";

/**
 * The receipt keys of `GET /v1/keys`, of an export's `keys.json`, of a JWK set, or of one JWK. Keys that cannot be imported are
 * left out; a key is known by its own thumbprint, never by what is written beside it.
 */
export function readKeySet(value: JsonObject): readonly VerificationKey[] {
  const { receipts, keys } = value;
  const list = Array.isArray(receipts) ? receipts : Array.isArray(keys) ? keys : [value];
  return (list as readonly Json[]).flatMap((item) => {
    const imported = importPublicKey(isJsonObject(item) && isJsonObject(item["jwk"]) ? item["jwk"] : item);
    return imported.ok ? [imported.key] : [];
  });
}

/** `--key`: a file with keys, or the public key itself (Ed25519, 43 characters of base64url). */
export function readOneKey(text: string, cwd: string): readonly VerificationKey[] {
  const keys = /^[A-Za-z0-9_-]{43}$/.test(text)
    ? readKeySet({ kty: "OKP", crv: "Ed25519", x: text })
    : readKeySet(readJsonFile(resolve(cwd, text)));
  if (keys.length > 0) return keys;
  throw new AppError("request.invalid", { detail: "`--key` holds no public key that can be used" });
}
