import { createHash } from "node:crypto";
import { AppError, type Random, isJsonObject, parseJson } from "@countersign/core";
import type { Opened } from "@countersign/credentials";
import type { Store } from "../store/index.ts";
import { readMasterKeys, replaceMasterKeys } from "./master-key.ts";

/** Says which master key wraps what is new. Whoever writes the database can make a server refuse by it, and nothing else. */
export const MASTER_MARK = "key/master";

export interface MasterMark {
  /** Fingerprint of the key in use. */
  readonly current: string;
  /** Fingerprints of keys that were in use before, newest first. */
  readonly retired: readonly string[];
  /** `rewrapping`: not everything is known to be under the current key. */
  readonly state: "done" | "rewrapping";
}

/** The master keys of one process: those of its file, read again when something is under a key that it does not know. */
export class MasterKeys {
  /** Null: the one key was given, and there is nothing to read again. */
  readonly file: string | null;
  private readonly store: Pick<Store, "blob">;
  private readonly known = new Map<string, Buffer>();

  constructor(store: Pick<Store, "blob">, keys: readonly Buffer[], file: string | null) {
    this.store = store;
    this.file = file;
    this.learn(keys);
  }

  /** Those of the file, in its order, as it is now; others that this process knows stay at hand for what it still meets. */
  async read(): Promise<readonly Buffer[]> {
    if (this.file === null) return [...this.known.values()];
    const keys = (await readMasterKeys(this.file)) ?? [];
    this.learn(keys);
    return keys;
  }

  /** Opens with these alone from now on, until the file says more. */
  keepOnly(keys: readonly Buffer[]): void {
    this.known.clear();
    this.learn(keys);
  }

  /** Puts these in the file, and learns them. */
  async replace(keys: readonly Buffer[]): Promise<void> {
    if (this.file === null) throw new AppError("internal.error", { detail: "the master key has no file" });
    await replaceMasterKeys(this.file, keys);
    this.learn(keys);
  }

  /**
   * The key that wraps what is new.
   * @throws AppError `data.damaged` when the installation's master key was replaced and the new one is not here
   */
  async current(): Promise<Buffer> {
    const mark = await readMark(this.store);
    // Only what is in the file now: a key that was put out of use wraps nothing any more, whatever the database says.
    const keys = await this.read();
    const key = mark === null ? keys[0] : keys.find((one) => fingerprintOf(one) === mark.current);
    if (key !== undefined) return key;
    throw wrongMasterKey();
  }

  /** Opens with whichever key fits. @throws AppError `data.damaged` when none does */
  async open(attempt: (key: Buffer) => Opened): Promise<Buffer> {
    const opened = this.attempt(attempt);
    if (opened !== null) return opened;
    await this.read();
    const again = this.attempt(attempt);
    if (again !== null) return again;
    throw wrongMasterKey();
  }

  private attempt(attempt: (key: Buffer) => Opened): Buffer | null {
    for (const key of this.known.values()) {
      const opened = attempt(key);
      if (opened.ok) return opened.plaintext;
    }
    return null;
  }

  private learn(keys: readonly Buffer[]): void {
    for (const key of keys) this.known.set(fingerprintOf(key), key);
  }
}

/** Names a master key without telling anything of it. */
export function fingerprintOf(key: Uint8Array): string {
  return createHash("sha256").update("countersign-master-key-v1\n").update(key).digest("base64url").slice(0, 22);
}

/** Null: the key was never replaced. @throws AppError `data.damaged` */
export async function readMark(store: Pick<Store, "blob">): Promise<MasterMark | null> {
  const blob = await store.blob(MASTER_MARK);
  if (blob === null) return null;
  const parsed = parseJson(blob, { sizeBytes: 4096, depth: 4 });
  const value = parsed.ok ? parsed.value : null;
  if (isJsonObject(value)) {
    const { current, retired, state } = value;
    const isState = state === "done" || state === "rewrapping";
    if (typeof current === "string" && isState && Array.isArray(retired))
      return { current, state, retired: retired.filter((one) => typeof one === "string") };
  }
  throw new AppError("data.damaged", { detail: "what says which master key is in use cannot be read" });
}

export function markBlob(mark: MasterMark): { readonly name: string; readonly bytes: Uint8Array } {
  return { name: MASTER_MARK, bytes: Buffer.from(JSON.stringify(mark)) };
}

export function wrongMasterKey(): AppError {
  return new AppError("data.damaged", {
    detail:
      "the master key does not open this data directory; set COUNTERSIGN_MASTER_KEY_FILE to the key that it was made with",
  });
}

/** A new master key. */
export function newMasterKey(random: Random): Buffer {
  return Buffer.from(random(32));
}
