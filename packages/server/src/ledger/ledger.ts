import { join } from "node:path";
import { AppError, type EntryId } from "@countersign/core";
import {
  LIMITS,
  LogWriter,
  printProofFile,
  printVkey,
  type TileFile,
  tileAt,
  tilePath,
  tileReader,
  tilesOf,
} from "@countersign/ledger";
import type { LedgerStore } from "../store/index.ts";
import { bundleOf } from "./bundle-of.ts";
import { checkStateAtStart } from "./check-state.ts";
import { type LogDirectory, openLogDirectory } from "./log-directory.ts";
import { type LogKey, logSigner, sha256 } from "./log-key.ts";
import { Pace } from "./pace.ts";
import { Publisher } from "./publisher.ts";
import type { SignedCheckpoint } from "./signed-checkpoint.ts";
import { checkLog, type CheckedLog } from "./start-check.ts";

const INTERVAL_MS = 1000;

export interface LedgerOptions {
  readonly store: LedgerStore;
  /** The data directory; the log's files are in its folder `ledger`. */
  readonly path: string;
  readonly key: LogKey;
  /** Names the log when it signs for the first time. */
  readonly publicUrl: string;
  readonly intervalMs?: number;
  /** Told of every failed try to publish (the next one follows), and of files that had been changed and were written again. */
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Told when what is stored turns out to be damaged after the start: nothing may go on over it. */
  readonly onDamage: (error: AppError) => void;
}

/** The published log: a pure function of the journal, one checkpoint a second. */
export interface Ledger {
  readonly origin: string;
  /** The log's key, as `ledger verify` and strangers take it. */
  readonly vkey: string;
  readonly directory: LogDirectory;
  /** The checkpoint that readers see. */
  published(): SignedCheckpoint;
  /** Resolves when a published checkpoint covers the first `size` entries. */
  covers(size: number): Promise<void>;
  /** Whether the files here are those of the checkpoint that all servers of the installation share: compared now. */
  agreement(): Promise<Agreement>;
  /** A `.tlog-proof` file (c2sp.org/tlog-proof) for an entry, against the published checkpoint. Throws `request.not_found`. */
  prove(id: EntryId): Promise<string>;
  /** Publishes what is left and ends; the store stays open. */
  close(): Promise<void>;
}

export type Agreement =
  | { readonly ok: true; /** Entries of the checkpoint. */ readonly size: number }
  | { readonly ok: false; readonly detail: string };

/**
 * Checks stored state against the journal and the journal against what was signed, writes again whatever files are missing, and starts
 * to publish. Throws `ledger.damaged` or `data.damaged` rather than continue a broken log.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { store } = options;
  await checkStateAtStart(store, options.onDamage);
  const directory = await openLogDirectory(join(options.path, "ledger"));
  const signer = logSigner(options.key, options.publicUrl, await store.journal.checkpoint());
  const log = await checkLog(store, directory, signer.key);
  if (log.altered.length > 0)
    options.warn("published tiles had been changed and were written again", { tiles: log.altered });
  const publisher = new Publisher({
    store,
    directory,
    signer,
    signed: log.signed,
    published: log.published,
    writer: new LogWriter(sha256, { appender: log.appender, pending: await pendingLeaves(store, log.signed.size) }),
    unwritten: [...log.stale, ...(await staleBundles(store, directory, log))],
  });
  const vkey = printVkey(signer.key);
  await publisher.publish();
  await directory.write("vkey", Buffer.from(`${vkey}\n`));
  const pace = new Pace(publisher, {
    grown: (size) => store.journal.grown(size),
    intervalMs: options.intervalMs ?? INTERVAL_MS,
    onError: (error) => options.warn("the ledger could not be published", { err: error }),
  });
  return {
    origin: signer.key.name,
    vkey,
    directory,
    published: () => publisher.published,
    covers: (size) => pace.covers(size),
    agreement: async () => await agreementOf(publisher),
    prove: (id) => proveEntry(store, { directory, publisher, pace }, id),
    close: () => pace.end(),
  };
}

async function pendingLeaves(store: LedgerStore, size: number): Promise<readonly Uint8Array[]> {
  const width = size % LIMITS.tileWidth;
  return width === 0 ? [] : store.journal.leaves(size - width, width);
}

/** Bundles of the signed log that were not published yet or are gone. What was published is compared by `verifyRunning`. */
async function staleBundles(
  store: LedgerStore,
  directory: LogDirectory,
  { signed, published }: CheckedLog,
): Promise<readonly TileFile[]> {
  const files: TileFile[] = [];
  for (const tile of tilesOf(signed.size)) {
    if (tile.level !== "entries") continue;
    const shown = tileAt(published.size, "entries", tile.index).width === tile.width;
    if (!shown || !(await directory.has(tilePath(tile)))) files.push(await bundleOf(store, tile));
  }
  return files;
}

async function agreementOf(publisher: Publisher): Promise<Agreement> {
  try {
    await publisher.publish();
    return { ok: true, size: publisher.published.size };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ok: false, detail: error.detail ?? error.message };
  }
}

interface Proving {
  readonly directory: LogDirectory;
  readonly publisher: Publisher;
  readonly pace: Pace;
}

async function proveEntry(store: LedgerStore, { directory, publisher, pace }: Proving, id: EntryId): Promise<string> {
  const entry = await store.entry(id);
  if (entry === null) throw new AppError("request.not_found", { detail: `the ledger has no entry \`${id}\`` });
  await pace.covers(entry.index + 1);
  const { size, note } = publisher.published;
  const hashes = await tileReader(sha256, (path, limit) => directory.read(path, limit)).inclusionProof(
    entry.index,
    size,
  );
  return printProofFile({ index: entry.index, hashes, checkpoint: note, extra: null });
}
