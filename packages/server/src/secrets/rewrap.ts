import { AppError, type Random } from "@countersign/core";
import { open, seal, unwrapKey, wrapKey } from "@countersign/credentials";
import { MASTER_MARK, type MasterKeys } from "../keys/index.ts";
import type { ReplacedBlob, Store } from "../store/index.ts";
import { SECRET_PREFIX, partsOf } from "./secrets.ts";

const PAGE = 200;
/** Under the master key itself; every other blob of `key/` is a wrapped key. */
const SIGNING: ReadonlySet<string> = new Set(["key/ledger", "key/receipts", "key/tokens", "key/authority"]);

export interface Rewrapping {
  readonly store: Pick<Store, "blob" | "blobNames" | "replaceBlobs">;
  readonly masters: MasterKeys;
  readonly random: Random;
}

/**
 * Puts everything that is under a master key under this one: keys that sign, keys of people, keys of secrets. Each is replaced only if nobody
 * changed or erased it meanwhile. Answers how many were under another key: none means that all is done.
 * @throws AppError `data.damaged` for what no key opens
 */
export async function rewrapAll(parts: Rewrapping, to: Buffer): Promise<number> {
  let found = 0;
  for (const prefix of ["key/", SECRET_PREFIX]) {
    let after = "";
    for (;;) {
      const names = await parts.store.blobNames(prefix, after, PAGE);
      const changes = await Promise.all(names.map(async (name) => await rewrapped(parts, to, name)));
      const due = changes.filter((change) => change !== null);
      found += due.length;
      if (due.length > 0) await parts.store.replaceBlobs(due);
      after = names.at(-1) ?? "";
      if (names.length < PAGE) break;
    }
  }
  return found;
}

/** Null: there is nothing to do. */
async function rewrapped(
  { store, masters, random }: Rewrapping,
  to: Buffer,
  name: string,
): Promise<ReplacedBlob | null> {
  if (name === MASTER_MARK) return null;
  const was = await store.blob(name);
  if (was === null) return null;
  const text = Buffer.from(was).toString("latin1");
  try {
    if (SIGNING.has(name)) {
      if (open(to, text, name).ok) return null;
      const key = await masters.open((master) => open(master, text, name));
      return { name, was, bytes: Buffer.from(seal(to, key, { aad: name, random })) };
    }
    const isSecret = name.startsWith(SECRET_PREFIX);
    const { wrapped, box } = isSecret ? partsOf(was) : { wrapped: text, box: null };
    if (wrapped === null || unwrapKey(to, wrapped, name).ok) return null;
    const key = await masters.open((master) => unwrapKey(master, wrapped, name));
    const rest = box === null ? "" : `.${box}`;
    return { name, was, bytes: Buffer.from(`${wrapKey(to, key, { owner: name, random })}${rest}`) };
  } catch (error) {
    throw new AppError("data.damaged", { cause: error, detail: `\`${name}\` opens with no master key that is here` });
  }
}
