import { AppError } from "@countersign/core";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { concatBytes, hex, utf8 } from "./bytes.ts";
import type { Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";

/** What a key signs: notes as they stand, or timestamped cosignatures on checkpoints of others. */
export type KeyType = "ed25519" | "cosignature";
const TYPE_BYTES: Readonly<Record<KeyType, number>> = { ed25519: 0x01, cosignature: 0x04 };
const KEY_TYPES: readonly KeyType[] = ["ed25519", "cosignature"];
const PUBLIC_KEY_BYTES = 32;
const MAX_NAME = 512;

/** A public key under a name. Name and key id together tell which signature lines of a note are its own. */
export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  /** Ed25519 public key, 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
  /** Eight lower-case hexadecimal digits. */
  readonly keyId: string;
}

export type VkeyFault = "vkey.malformed" | "vkey.unknown_type" | "vkey.wrong_id";
export type ParsedVkey =
  | { readonly ok: true; readonly key: VerifierKey }
  | { readonly ok: false; readonly code: VkeyFault };

/** Names of keys are not empty and hold neither Unicode spaces, plus signs nor control characters. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

/** Makes a key with its id. Throws `config.invalid` on a bad name or a public key without 32 bytes. c2sp.org/signed-note. */
export function verifierKey(sha256: Sha256, parts: Omit<VerifierKey, "keyId">): VerifierKey {
  if (!isKey(parts)) {
    const detail =
      "the key needs 32 bytes and a name of at most 512 characters without space or plus; use a host and path";
    throw new AppError("config.invalid", { detail });
  }
  const { name, type, publicKey } = parts;
  const digest = sha256(concatBytes([utf8(`${name}\n`), Uint8Array.of(TYPE_BYTES[type]), publicKey]));
  return { name, type, publicKey, keyId: hex(digest.subarray(0, 4)) };
}

function isKey({ name, publicKey }: Omit<VerifierKey, "keyId">): boolean {
  return isKeyName(name) && name.length <= MAX_NAME && publicKey.length === PUBLIC_KEY_BYTES;
}

/** `<name>+<key id>+<base64(type ‖ public key)>`. c2sp.org/signed-note#verifier-keys. */
export function printVkey(key: VerifierKey): string {
  return `${key.name}+${key.keyId}+${encodeBase64(concatBytes([Uint8Array.of(TYPE_BYTES[key.type]), key.publicKey]))}`;
}

/** Reads what {@link printVkey} prints. Types other than Ed25519 notes (1) and Ed25519 cosignatures (4) are refused. Never throws. */
export function parseVkey(sha256: Sha256, text: string): ParsedVkey {
  if (text.length > LIMITS.vkeyChars) return { ok: false, code: "vkey.malformed" };
  // Base64 has plus signs of its own.
  const [name = "", keyId, ...encoded] = text.split("+");
  const bytes = decodeBase64(encoded.join("+"));
  if (bytes === null || bytes.length === 0) return { ok: false, code: "vkey.malformed" };
  const type = KEY_TYPES.find((candidate) => TYPE_BYTES[candidate] === bytes[0]);
  if (type === undefined) return { ok: false, code: "vkey.unknown_type" };
  const parts = { name, type, publicKey: bytes.slice(1) };
  if (!isKey(parts)) return { ok: false, code: "vkey.malformed" };
  const key = verifierKey(sha256, parts);
  return key.keyId === keyId ? { ok: true, key } : { ok: false, code: "vkey.wrong_id" };
}
