import { hash } from "node:crypto";
import { canonicalJson } from "@countersign/core";
import type { CallDigestInput, Change, Json, Kind } from "@countersign/core";
import { AppError, severalOf } from "@countersign/core";

/** base64url SHA-256 of bytes, or of the UTF-8 form of a text. */
export function sha256(data: string | Uint8Array): string {
  return hash("sha256", data, "base64url");
}

/** base64url(SHA-256(JCS(value))). Throws a RangeError when the value has no canonical JSON form (RFC 8785). */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** Digest of a record's terms as a change binds them: base64url(SHA-256(JCS({kind, id, terms}))). */
export function termsDigest(kind: Kind, id: string, terms: unknown): string {
  return digestOf({ kind, id, terms });
}

/** Digest of a change of state: what stands as `callDigest` in the approval that signs it. */
export function changeDigest(change: Change): string {
  return digestOf(change);
}

/** Digest of a call: the same for a repeat with the same salt (design 5.2). Takes exactly the named members. */
export function callDigest(input: CallDigestInput): string {
  const { agent, task, device, upstream, method, tool, toolDefinitionHash, resource, argsCommitment, preview } = input;
  const named = { upstream, method, tool, toolDefinitionHash, resource, ...severalOf(input) };
  return digestOf({ agent, task, device, ...named, argsCommitment, ...(preview === undefined ? {} : { preview }) });
}

/**
 * base64url(SHA-256(salt ‖ JCS(arguments))): says nothing about the arguments without the salt, and everything with it.
 * `salt` is 32 unpredictable bytes, or their base64url text.
 */
export function argsCommitment(salt: string | Uint8Array, args: Json): string {
  const bytes = typeof salt === "string" ? Buffer.from(salt, "base64url") : salt;
  if (bytes.length !== 32)
    throw new AppError("internal.error", { detail: "the salt of a commitment must have 32 bytes" });
  return sha256(Buffer.concat([bytes, Buffer.from(canonicalJson(args))]));
}
