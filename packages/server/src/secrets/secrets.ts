import { AppError, type SecretRef } from "@countersign/core";
import { newKey, open, seal } from "@countersign/credentials";
import type { Kernel } from "../kernel.ts";

/** Every secret is a blob whose name begins so. */
export const SECRET_PREFIX = "secret/";
/** Largest value in characters. */
const MOST_CHARS = 65_536;

/** A value that is sealed, and the name that stands for it. It is kept when the blob is committed. */
export interface SealedSecret {
  readonly ref: SecretRef & { readonly fromStore: string };
  readonly blob: { readonly name: string; readonly bytes: Uint8Array };
}

/**
 * INV-9: seals one value under a data key of its own (AES-256-GCM, the name as additional data), the data key under the master key. The name is
 * random and belongs to this value for ever, so that what was signed for one value never stands for another.
 */
export async function sealSecret(
  { keys, random }: Pick<Kernel, "keys" | "random">,
  value: string,
): Promise<SealedSecret> {
  if (value.length > MOST_CHARS) throw new AppError("request.invalid", { detail: "a secret is longer than 64 KiB" });
  const name = `${SECRET_PREFIX}${Buffer.from(random(16)).toString("base64url")}`;
  const key = newKey(random);
  const box = `${await keys.wrap(name, key)}.${seal(key, value, { aad: contextOf(name), random })}`;
  return { ref: { fromStore: name }, blob: { name, bytes: Buffer.from(box) } };
}

/** A secret by its name; null when there is none of that name, or the name is not that of a secret. @throws AppError `data.damaged` */
export async function readSecret(
  { keys, store }: Pick<Kernel, "keys" | "store">,
  name: string,
): Promise<string | null> {
  if (!name.startsWith(SECRET_PREFIX)) return null;
  const bytes = await store.blob(name);
  if (bytes === null) return null;
  const { wrapped, box } = partsOf(bytes);
  // Secrets of before version 0.2 are under the key that all of an installation share.
  if (wrapped === null) return await keys.openBlob(null, name, bytes);
  const opened = open(await keys.unwrap(name, wrapped), box, contextOf(name));
  if (opened.ok) return opened.plaintext.toString("utf8");
  throw new AppError("data.damaged", { detail: `the secret \`${name}\` does not open` });
}

/** The wrapped data key of a sealed secret, and the box under it; no key: sealed in the former way. */
export function partsOf(bytes: Uint8Array): { readonly wrapped: string | null; readonly box: string } {
  const text = Buffer.from(bytes).toString("latin1");
  const at = text.indexOf(".");
  return at === -1 ? { wrapped: null, box: text } : { wrapped: text.slice(0, at), box: text.slice(at + 1) };
}

function contextOf(name: string): string {
  return `countersign-secret-v1\n${name}`;
}
