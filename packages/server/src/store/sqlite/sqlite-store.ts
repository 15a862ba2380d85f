import { resolve } from "node:path";
import type { AnyRecord, Clock, EntryId, Kind, StateRecord } from "@countersign/core";
import { AppError } from "@countersign/core";
import { Alone } from "../alone.ts";
import { CommitQueue, type SendGroup } from "../commit-queue.ts";
import { Growth } from "../growth.ts";
import type { Journal, LedgerStore, StoreFault } from "../journal.ts";
import type { LeafRun, Opened, ReadOp, ReadRequests, Reply, WorkerStart } from "./messages.ts";
import { packCommit } from "../pack-commit.ts";
import type { Orphan } from "../orphans.ts";
import { MemoryBoard } from "./memory-board.ts";
import type {
  Board,
  ChangedRecord,
  Commit,
  Committed,
  EntryQuery,
  Head,
  RecordFilter,
  RecordName,
  StoredEntry,
  ReplacedBlob,
} from "../store.ts";
import { entryOf, recordOf } from "../rows.ts";
import { WorkerLink } from "./worker-link.ts";
import { errorOf } from "../packed.ts";

/** What is written to see whether anything can be. */
const PROBE = "head/probe";
/** More than what an action records: a disk that has room for just a few bytes is full. */
const PROBE_BYTES = 65_536;

/**
 * Opens the embedded database of a data directory for this process alone, in worker threads: this thread never waits for the disk.
 * Throws `data.in_use` (naming the process), `data.damaged`, `data.full` or `ledger.unavailable`.
 */
export async function openSqliteStore({
  path,
  clock,
}: {
  /** The data directory; made if it is not there. */
  readonly path: string;
  readonly clock: Clock;
}): Promise<LedgerStore> {
  const start: WorkerStart = { path: resolve(path), now: clock(), pid: process.pid };
  const writer = new WorkerLink("writer-worker", start);
  const opened = await writer.next<Opened>();
  if (!opened.ok) {
    await writer.close();
    throw errorOf(opened.failure);
  }
  return new SqliteStore(start, writer, opened.value);
}

class SqliteStore implements LedgerStore {
  readonly generation: number;
  readonly journal: Journal;
  readonly board: Board = new MemoryBoard(() => performance.now());
  private readonly start: WorkerStart;
  private readonly alone = new Alone();
  private readonly writer: WorkerLink;
  private readonly reader: WorkerLink;
  private readonly queue: CommitQueue;
  private readonly growth: Growth;
  private readonly listeners = new Set<(commit: Commit, version: number) => void>();
  private readonly beside = new Set<WorkerLink>();
  /** The last commit failed. */
  private cannotCommit = false;
  private closing: Promise<void> | null = null;

  constructor(start: WorkerStart, writer: WorkerLink, opened: { readonly generation: number; readonly size: number }) {
    this.start = start;
    this.writer = writer;
    this.generation = opened.generation;
    this.growth = new Growth(opened.size);
    this.reader = new WorkerLink("reader-worker", start);
    const send: SendGroup = (commits) => writer.ask({ op: "commit", commits });
    this.queue = new CommitQueue(send, (size) => this.growth.to(size));
    this.journal = this.openJournal();
  }

  async commit(commit: Commit): Promise<Committed> {
    this.refuseClosed();
    const committed = await this.committed(commit);
    if (committed.ok) for (const listener of this.listeners) listener(commit, committed.version);
    return committed;
  }

  private async committed(commit: Commit): Promise<Committed> {
    try {
      const committed = await this.queue.add(packCommit(commit));
      this.cannotCommit = false;
      return committed;
    } catch (error) {
      this.cannotCommit = true;
      throw error;
    }
  }

  async head(): Promise<Head> {
    // INV-2, ADR 0007: what cannot commit vouches for nothing. It is tried.
    if (this.cannotCommit) await this.committed({ blobs: [{ name: PROBE, bytes: new Uint8Array(PROBE_BYTES) }] });
    // The directory is locked: no other process commits, and what this one committed is read.
    const { version } = await this.read("changes", { version: Number.MAX_SAFE_INTEGER, kinds: [] });
    return { generation: this.generation, version };
  }

  onForeignCommit(): () => void {
    return () => undefined;
  }

  async exclusively<T>(action: () => Promise<T>): Promise<T> {
    this.refuseClosed();
    return await this.alone.run(action);
  }

  watch(listener: (commit: Commit, version: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async get<K extends Kind>(kind: K, id: string): Promise<StateRecord<K> | null> {
    const row = await this.read("get", { kind, id });
    return row === null ? null : recordOf<K>(...row);
  }

  async records(names: readonly RecordName[]): Promise<readonly AnyRecord[]> {
    if (names.length === 0) return [];
    return (await this.read("records", names)).map(([version, body]) => recordOf(version, body) as AnyRecord);
  }

  async find<K extends Kind>(kind: K, where: RecordFilter = {}): Promise<readonly StateRecord<K>[]> {
    return (await this.read("find", { kind, where })).map(([version, body]) => recordOf<K>(version, body));
  }

  async count(kind: Kind, where: RecordFilter = {}): Promise<number> {
    return this.read("count", { kind, where });
  }

  async changed(version: number, limit: number): Promise<readonly ChangedRecord[]> {
    const rows = await this.read("changed", { version, limit });
    return rows.map(([kind, id, at]) => ({ kind, id, version: at }));
  }

  async changes(version: number, kinds: readonly Kind[]): Promise<{ version: number; records: readonly AnyRecord[] }> {
    const changed = await this.read("changes", { version, kinds });
    return { version: changed.version, records: changed.records.map(([at, body]) => recordOf(at, body) as AnyRecord) };
  }

  async entries(query: EntryQuery): Promise<readonly StoredEntry[]> {
    return (await this.read("entries", query)).map((row) => entryOf(...row));
  }

  async entry(id: EntryId): Promise<StoredEntry | null> {
    const row = await this.read("entry", { id });
    return row === null ? null : entryOf(...row);
  }

  async openIntents(): Promise<readonly StoredEntry[]> {
    return (await this.read("openIntents", null)).map((row) => entryOf(...row));
  }

  async blob(name: string): Promise<Uint8Array | null> {
    return this.read("blob", { name });
  }

  async blobNames(prefix: string, after: string, limit: number): Promise<readonly string[]> {
    return this.read("blobNames", { prefix, after, limit });
  }

  async replaceBlobs(blobs: readonly ReplacedBlob[]): Promise<number> {
    return await this.write<number>({ op: "replace", blobs });
  }

  async eraseBlob(name: string): Promise<void> {
    await this.write<null>({ op: "erase", name });
  }

  async orphans(): Promise<readonly Orphan[]> {
    return await this.apart("orphans");
  }

  async audit(): Promise<readonly StoreFault[]> {
    return await this.apart("audit");
  }

  /** In a thread of its own: it reads much, and nobody's question shall wait for that. */
  private async apart<Op extends "audit" | "orphans">(op: Op): Promise<ReadRequests[Op]["answer"]> {
    this.refuseClosed();
    const reader = new WorkerLink("reader-worker", this.start);
    this.beside.add(reader);
    try {
      return value(await reader.ask<Reply<ReadRequests[Op]["answer"]>>({ op, ask: null }));
    } finally {
      this.beside.delete(reader);
      await reader.close();
    }
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.queue.idle();
    // One may read for minutes: nobody waits for what it would find.
    await Promise.all([...this.beside].map(async (reader) => await reader.stop()));
    // The reader first: the last connection to close copies the log into the database.
    await this.reader.close();
    await this.writer.close();
    this.growth.end();
  }

  private openJournal(): Journal {
    return {
      size: () => this.growth.size,
      grown: (size) => this.growth.beyond(size),
      leafHashes: (from, count) => this.read("hashes", { from, count }),
      leaves: async (from, count) => leavesOf(await this.read("leaves", { from, count })),
      checkpoint: () => this.read("checkpoint", null),
      replaceCheckpoint: (expected, next) => this.write<boolean>({ op: "checkpoint", expected, next }),
    };
  }

  private async read<Op extends ReadOp>(op: Op, ask: ReadRequests[Op]["ask"]): Promise<ReadRequests[Op]["answer"]> {
    this.refuseClosed();
    return value(await this.reader.ask<Reply<ReadRequests[Op]["answer"]>>({ op, ask }));
  }

  private async write<T>(message: unknown): Promise<T> {
    this.refuseClosed();
    return value(await this.writer.ask<Reply<T>>(message));
  }

  private refuseClosed(): void {
    if (this.closing !== null) throw new AppError("ledger.unavailable", { detail: "the store is closed" });
  }
}

function value<T>(reply: Reply<T>): T {
  if (!reply.ok) throw errorOf(reply.failure);
  return reply.value;
}

function leavesOf({ sizes, bytes }: LeafRun): readonly Uint8Array[] {
  let end = 0;
  return sizes.map((size) => bytes.subarray(end, (end += size)));
}
