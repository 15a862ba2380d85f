import { KeyObject, createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { AppError } from "@countersign/core";
import type { HumanId, Random, Sealed } from "@countersign/core";
import { decodeBase64url } from "./base64url.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BOX_LIMIT_BYTES = 16 * 1024 * 1024;

/** A 256-bit key: its bytes, or the object that {@link keptKey} made of them. */
export type SealingKey = Uint8Array | KeyObject;
export interface SealContext {
  /** Says what the box is and whose; the same text opens it, so a box moved to another place does not open. */
  readonly aad: string;
  readonly random: Random;
}
export type Opened =
  | { readonly ok: true; readonly plaintext: Buffer }
  | { readonly ok: false; readonly code: "data.damaged" };

/** A new 256-bit key. */
export function newKey(random: Random): Buffer {
  return Buffer.from(random(KEY_BYTES));
}

/** The key as an object, for keys that are used often: importing the bytes for each box costs more than sealing it. */
export function keptKey(key: Uint8Array): KeyObject {
  assertKey(key);
  return createSecretKey(key);
}

/**
 * Seals bytes with AES-256-GCM (NIST SP 800-38D): base64url of nonce (12) ‖ ciphertext ‖ tag (16). Nonces are random, so one
 * key must not seal more than 2³² boxes.
 */
export function seal(key: SealingKey, plaintext: string | Uint8Array, { aad, random }: SealContext): string {
  assertKey(key);
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad));
  const parts = [nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString("base64url");
}

/** Opens a box. `data.damaged` for another key, another `aad`, a changed bit or another form. Never throws for a bad box. */
export function open(key: SealingKey, box: string, aad: string): Opened {
  assertKey(key);
  const bytes = decodeBase64url(box, BOX_LIMIT_BYTES);
  if (bytes === null || bytes.length < NONCE_BYTES + TAG_BYTES) return { ok: false, code: "data.damaged" };
  const body = bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    return { ok: true, plaintext: Buffer.concat([decipher.update(body), decipher.final()]) };
  } catch {
    return { ok: false, code: "data.damaged" };
  }
}

/** Seals a key under the master key. `owner` is the id of what the key is for. */
export function wrapKey(
  masterKey: Uint8Array,
  key: Uint8Array,
  { owner, random }: { owner: string; random: Random },
): string {
  assertKey(key);
  return seal(masterKey, key, { aad: `countersign-key-v1\n${owner}`, random });
}

/** Opens what {@link wrapKey} made for the same owner. */
export function unwrapKey(masterKey: Uint8Array, box: string, owner: string): Opened {
  const opened = open(masterKey, box, `countersign-key-v1\n${owner}`);
  return opened.ok && opened.plaintext.length !== KEY_BYTES ? { ok: false, code: "data.damaged" } : opened;
}

/** Seals text about a person under that person's key, so that forgetting the key erases the text (design 8). */
export function sealText({ person, key }: { person: HumanId; key: SealingKey }, text: string, random: Random): Sealed {
  return { person, box: seal(key, text, { aad: textContext(person), random }) };
}

/** Opens what {@link sealText} made; null when the key is another one or the box was changed. */
export function openText(key: SealingKey, sealed: Sealed): string | null {
  const opened = open(key, sealed.box, textContext(sealed.person));
  return opened.ok ? opened.plaintext.toString("utf8") : null;
}

function textContext(person: HumanId): string {
  return `countersign-text-v1\n${person}`;
}

function assertKey(key: SealingKey): void {
  if ((key instanceof KeyObject ? key.symmetricKeySize : key.length) !== KEY_BYTES)
    throw new AppError("internal.error", { detail: "an encryption key must have 32 bytes" });
}
