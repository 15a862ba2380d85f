import { type AnyRecord, AppError, type EntryId, type Kind, matches, type StateRecord } from "@countersign/core";
import { Alone } from "../alone.ts";
import { CommitQueue } from "../commit-queue.ts";
import type { Growth } from "../growth.ts";
import type { Journal, LedgerStore, StoreFault } from "../journal.ts";
import { type Orphan, ORPHANS } from "../orphans.ts";
import { packCommit } from "../pack-commit.ts";
import { checkRecord, damaged, entryOf, recordOf, type RecordRow } from "../rows.ts";
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
import { sameSum, sumOfBytes } from "../sum.ts";
import { audit, AUDIT_LIMITS } from "./audit.ts";
import type { PostgresBoard } from "./board.ts";
import { Checkpoints } from "./checkpoints.ts";
import { exclusively } from "./exclusive.ts";
import { errorFrom } from "./fault.ts";
import type { ForeignCommits } from "./foreign-commits.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Notices } from "./notices.ts";
import type { Primary } from "./primary.ts";
import { countQuery, entryQuery, LATE, MAX_ROWS, type Page, recordQuery } from "./queries.ts";
import type { Reads } from "./reads.ts";
import { searchable } from "./searchable.ts";
import type { Session } from "./session.ts";
import type { Writer } from "./writer.ts";

/** What a store over PostgreSQL is made of. */
export interface Parts {
  readonly primary: Primary;
  readonly growth: Growth;
  readonly reads: Reads;
  readonly writer: Writer;
  readonly heartbeat: Heartbeat;
  readonly notices: Notices;
  readonly foreign: ForeignCommits;
  readonly board: PostgresBoard;
}
interface LeafRow {
  readonly idx: number;
  readonly leaf: Uint8Array;
}
interface BlobRow {
  readonly bytes: Uint8Array;
  readonly sum: Uint8Array;
}

const RECORD = "kind, id, version, body, sum";
const CHANGES = `SELECT h.version AS now, r.kind, r.id, r.version, r.body, r.sum FROM head h
  LEFT JOIN (SELECT seq, ${RECORD} FROM records WHERE version > $1 AND kind = ANY($2::text[])) AS r ON true ORDER BY r.version, r.seq`;
const NAMED = `SELECT r.kind, r.id, r.version, r.body, r.sum
  FROM unnest($1::text[], $2::text[]) AS n(kind, id) JOIN records r ON r.kind = n.kind AND r.id = n.id`;
const OPEN_INTENTS =
  "SELECT i.idx, i.leaf FROM journal i WHERE i.kind = 'action.intent' AND NOT EXISTS " +
  "(SELECT 1 FROM journal o WHERE o.intent = i.intent AND o.kind = 'action.outcome') ORDER BY i.idx";
/** Entries that are read at once while a pattern is looked for. */
const PAGE = 500;

/** The store of several processes over one PostgreSQL. */
export class PostgresStore implements LedgerStore {
  readonly journal: Journal;
  readonly board: Board;
  private readonly parts: Parts;
  private readonly alone = new Alone();
  private readonly queue: CommitQueue;
  private readonly listeners = new Set<(commit: Commit, version: number) => void>();
  private closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.parts = parts;
    this.board = parts.board;
    const { writer, growth } = parts;
    this.queue = new CommitQueue(
      async (commits) => await writer.commit(commits),
      (size) => growth.to(size),
      { slow: "the database does not keep up; look at its disk and its standby" },
    );
    this.journal = this.openJournal();
  }

  get generation(): number {
    return this.parts.primary.generation;
  }

  async commit(commit: Commit): Promise<Committed> {
    this.refuseClosed();
    const committed = await this.queue.add(packCommit(commit));
    if (committed.ok) for (const listener of this.listeners) listener(commit, committed.version);
    return committed;
  }

  async head(): Promise<Head> {
    this.refuseClosed();
    return await this.parts.heartbeat.head();
  }

  onForeignCommit(listener: () => void): () => void {
    return this.parts.foreign.onForeignCommit(listener);
  }

  async exclusively<T>(action: () => Promise<T>): Promise<T> {
    this.refuseClosed();
    return await this.alone.run(action, async (alone) => await exclusively(this.parts.primary, alone));
  }

  watch(listener: (commit: Commit, version: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async get<K extends Kind>(kind: K, id: string): Promise<StateRecord<K> | null> {
    const text = `SELECT ${RECORD} FROM records WHERE kind = $1 AND id = $2`;
    const [row] = await this.rows<RecordRow>(text, [kind, searchable(id)]);
    return row === undefined ? null : sound<K>(row);
  }

  async records(names: readonly RecordName[]): Promise<readonly AnyRecord[]> {
    if (names.length === 0) return [];
    const ids = names.map(({ id }) => searchable(id));
    const rows = await this.rows<RecordRow>(NAMED, [names.map(({ kind }) => kind), ids]);
    return rows.map((row) => sound(row) as AnyRecord);
  }

  async find<K extends Kind>(kind: K, where: RecordFilter = {}): Promise<readonly StateRecord<K>[]> {
    const { text, values } = recordQuery(kind, where);
    return (await this.rows<RecordRow>(text, values)).map((row) => sound<K>(row)).toReversed();
  }

  async count(kind: Kind, where: RecordFilter = {}): Promise<number> {
    const { text, values } = countQuery(kind, where);
    return (await this.rows<{ readonly n: number }>(text, values))[0]?.n ?? 0;
  }

  async changed(version: number, limit: number): Promise<readonly ChangedRecord[]> {
    const text = "SELECT kind, id, version FROM records WHERE version > $1 ORDER BY version, seq LIMIT $2";
    return await this.rows<ChangedRecord>(text, [version, limit]);
  }

  async changes(version: number, kinds: readonly Kind[]): Promise<{ version: number; records: readonly AnyRecord[] }> {
    // One statement: the version is that of the very state from which the records come.
    const rows = await this.rows<RecordRow & { readonly now: number }>(CHANGES, [version, kinds]);
    const records = rows.filter(({ id }) => id !== null).map((row) => sound(row) as AnyRecord);
    return { version: rows[0]?.now ?? 0, records };
  }

  async entries(query: EntryQuery): Promise<readonly StoredEntry[]> {
    const limit = Math.min(Math.max(0, query.limit), MAX_ROWS);
    const late = query.until === undefined ? [] : await this.rows<{ readonly late: number }>(LATE, []);
    const lateMs = late[0]?.late ?? 0;
    const pattern = query.resource;
    if (pattern?.includes("*") !== true) return await this.page(query, { limit, after: null, lateMs });
    // Pages of what may match, until enough do.
    const found: StoredEntry[] = [];
    let after: number | null = null;
    while (found.length < limit) {
      const page = await this.page(query, { limit: PAGE, after, lateMs });
      found.push(...page.filter((entry) => concerns(entry, pattern)));
      after = page.at(-1)?.index ?? null;
      if (page.length < PAGE) break;
    }
    return found.slice(0, limit);
  }

  async entry(id: EntryId): Promise<StoredEntry | null> {
    const [row] = await this.rows<LeafRow>("SELECT idx, leaf FROM journal WHERE id = $1", [searchable(id)]);
    return row === undefined ? null : entryOf(row.idx, row.leaf);
  }

  async openIntents(): Promise<readonly StoredEntry[]> {
    return await this.apart(async (session) =>
      (await session.rows<LeafRow>(OPEN_INTENTS)).map(({ idx, leaf }) => entryOf(idx, leaf)),
    );
  }

  async blob(name: string): Promise<Uint8Array | null> {
    const [row] = await this.rows<BlobRow>("SELECT bytes, sum FROM blobs WHERE name = $1", [searchable(name)]);
    if (row === undefined) return null;
    if (!sameSum(row.sum, sumOfBytes(name, row.bytes))) throw damaged(`blob \`${name}\``);
    return new Uint8Array(row.bytes);
  }

  async blobNames(prefix: string, after: string, limit: number): Promise<readonly string[]> {
    const rows = await this.rows<{ name: string }>(
      "SELECT name FROM blobs WHERE name > $1 AND name >= $2 AND starts_with(name, $2) ORDER BY name LIMIT $3",
      [after, prefix, limit],
    );
    return rows.map(({ name }) => name);
  }

  async replaceBlobs(blobs: readonly ReplacedBlob[]): Promise<number> {
    this.refuseClosed();
    const rows = await this.parts.reads.write(
      `UPDATE blobs SET bytes = n.bytes, sum = n.sum
         FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bytea[]) AS n(name, was, bytes, sum)
        WHERE blobs.name = n.name AND blobs.bytes = n.was RETURNING blobs.name`,
      [
        blobs.map(({ name }) => searchable(name)),
        blobs.map(({ was }) => Buffer.from(was)),
        blobs.map(({ bytes }) => Buffer.from(bytes)),
        blobs.map(({ name, bytes }) => Buffer.from(sumOfBytes(name, bytes))),
      ],
    );
    return rows.length;
  }

  async eraseBlob(name: string): Promise<void> {
    this.refuseClosed();
    await this.parts.reads.write("DELETE FROM blobs WHERE name = $1", [searchable(name)]);
  }

  async orphans(): Promise<readonly Orphan[]> {
    return await this.rows<Orphan>(ORPHANS, []);
  }

  async audit(): Promise<readonly StoreFault[]> {
    return await this.apart(audit);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.queue.idle();
    const { primary, growth, reads, writer, heartbeat, notices, foreign, board } = this.parts;
    foreign.end();
    board.end();
    await Promise.allSettled([notices.close(), reads.close(), writer.close(), heartbeat.close()]);
    primary.close();
    growth.end();
  }

  private async page(query: EntryQuery, page: Page): Promise<readonly StoredEntry[]> {
    const { text, values } = entryQuery(query, page);
    return (await this.rows<LeafRow>(text, values)).map(({ idx, leaf }) => entryOf(idx, leaf));
  }

  private openJournal(): Journal {
    const { growth } = this.parts;
    const run = async (column: "leaf" | "leaf_hash", from: number, count: number): Promise<readonly Uint8Array[]> => {
      const text = `SELECT ${column} AS bytes FROM journal WHERE idx >= $1 ORDER BY idx LIMIT $2`;
      return (await this.rows<{ readonly bytes: Uint8Array }>(text, [from, count])).map(({ bytes }) => bytes);
    };
    const checkpoints = new Checkpoints({
      rows: async (text, values) => await this.rows(text, values),
      write: async (text, values) => {
        this.refuseClosed();
        return await this.parts.reads.write(text, values);
      },
    });
    return {
      size: () => growth.size,
      grown: (size) => growth.beyond(size),
      leafHashes: async (from, count) => Buffer.concat(await run("leaf_hash", from, count)),
      leaves: async (from, count) => await run("leaf", from, count),
      checkpoint: () => checkpoints.last(),
      replaceCheckpoint: (expected, next) => checkpoints.replace(expected, next),
    };
  }

  /** What takes long runs over a connection of its own: nobody's question shall wait for it. */
  private async apart<T>(action: (session: Session) => Promise<T>): Promise<T> {
    this.refuseClosed();
    const session = await this.parts.primary.open(AUDIT_LIMITS);
    try {
      return await action(session);
    } catch (error) {
      throw errorFrom(error);
    } finally {
      await session.close();
    }
  }

  private async rows<R>(text: string, values: readonly unknown[]): Promise<readonly R[]> {
    this.refuseClosed();
    return await this.parts.reads.rows<R>(text, values);
  }

  private refuseClosed(): void {
    if (this.closing !== null) throw new AppError("ledger.unavailable", { detail: "the store is closed" });
  }
}

function sound<K extends Kind>(row: RecordRow): StateRecord<K> {
  checkRecord(row);
  return recordOf<K>(row.version, row.body);
}

function concerns({ body }: StoredEntry, pattern: string): boolean {
  const { resource, resources = [] } = body as { readonly resource: string | null; readonly resources?: string[] };
  return [...(resource === null ? [] : [resource]), ...resources].some((name) => matches(pattern, name));
}
