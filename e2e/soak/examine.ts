import { randomBytes, sign, createPublicKey, type KeyObject } from "node:crypto";
import { type EntryId, type Kind } from "@countersign/core";
import { verifyLog } from "@countersign/ledger";
import { openLedger } from "../../packages/server/src/ledger/index.ts";
import { type LogKey, sha256, verifyEd25519 } from "../../packages/server/src/ledger/log-key.ts";
import { type LedgerStore, openStore } from "../../packages/server/src/store/index.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { closeAllIntents } from "./close-all-intents.ts";

export function logKeyOf(privateKey: KeyObject): LogKey {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { publicKey: Buffer.from(x, "base64url"), sign: (bytes) => sign(null, bytes, privateKey) };
}

export interface Examined {
  readonly entries: number;
  readonly recovered: number;
  readonly openMs: number;
}

/**
 * Opens what a crash left, as a start does, and compares it with what was acknowledged. Throws with the first thing that is wrong:
 * an acknowledged entry, record or blob that is missing; a state that is not the journal's; a log that does not verify, or does not
 * continue the checkpoint that was seen before; an intent without an outcome after recovery; a gap in a count.
 */
export async function examine(path: string, key: LogKey, acknowledged: Acknowledged): Promise<Examined> {
  const begun = performance.now();
  const store = await openStore({ path, clock: Date.now });
  try {
    const ledger = await openLedger({
      onDamage: (error) => {
        throw error;
      },
      store,
      path,
      key,
      publicUrl: "http://localhost:7330",
      warn: raise,
    });
    const openMs = Math.round(performance.now() - begun);
    await compare(store, acknowledged);
    const random = (length: number): Uint8Array => randomBytes(length);
    const recovered = await closeAllIntents(store, random);
    await ledger.covers(store.journal.size());
    const old = acknowledged.checkpoint === null ? {} : { oldCheckpoint: acknowledged.checkpoint };
    const log = await verifyLog((file, limit) => ledger.directory.read(file, limit), ledger.vkey, {
      sha256,
      verify: verifyEd25519,
      ...old,
    });
    if (!log.ok) throw new Error(`the log does not verify: ${log.code} ${log.detail}`);
    const [remark] = log.remarks.listed;
    if (remark !== undefined) throw new Error(`entry ${String(remark.index)}: ${remark.code} ${remark.detail}`);
    await ledger.close();
    return { entries: store.journal.size(), recovered, openMs };
  } finally {
    await store.close();
  }
}

async function compare(store: LedgerStore, { entries, records, blobs }: Acknowledged): Promise<void> {
  for (const [id, index] of entries) {
    const found = await store.entry(id as EntryId);
    if (found?.index !== index)
      throw new Error(`acknowledged entry ${id} (${String(index)}) is ${found === null ? "missing" : "elsewhere"}`);
  }
  for (const [name, version] of records) {
    const [kind = "", id = ""] = name.split(" ");
    const found = await store.get(kind as Kind, id);
    if (found === null || found.version < version)
      throw new Error(`acknowledged record ${name} lost its version ${String(version)}`);
  }
  for (const name of blobs) {
    if ((await store.blob(name)) === null) throw new Error(`acknowledged blob ${name} is missing`);
  }
}

function raise(message: string, fields: Readonly<Record<string, unknown>>): never {
  throw new Error(`${message} ${JSON.stringify(fields)}`);
}
