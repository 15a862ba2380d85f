import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { BrakesInForce } from "../brakes-in-force.ts";
import { Counters } from "./counters.ts";
import { faultOf, isDuplicate, type SqliteFault } from "./fault.ts";
import type { FileGuard } from "./file-guard.ts";
import type { Reply } from "./messages.ts";
import type { Failure, PackedCommit, PackedEntry, PackedPut, PackedResult } from "../packed.ts";
import { indexedSize, readMeta, writeMeta } from "./meta.ts";
import type { Commit, ReplacedBlob } from "../store.ts";
import { sumOf, sumOfBytes } from "../sum.ts";

/** Pages of the write-ahead log after which it is copied into the database. */
const CHECKPOINT_PAGES = 1000;
/** Bytes written between two looks at its length. */
const LOOK_BYTES = 256 * 1024;
/** Entries whose resources are entered at once. */
const INDEX_ENTRIES = 2048;

const CONFLICT = ["conflict"] as const;
const REMOVED: SqliteFault = {
  code: "ledger.unavailable",
  detail: "the database was removed or replaced while it was in use; put it back and start again",
  fatal: true,
  refused: false,
};

/** Applies groups of commits, one transaction each. The only writer of the database; it lives in a worker thread. */
export class Writer {
  private readonly db: DatabaseSync;
  private readonly intact: FileGuard;
  private readonly counters: Counters;
  private readonly brakes = new BrakesInForce();
  private readonly sql: ReturnType<typeof statements>;
  /** Set by a failure after which nothing may be written any more. */
  private dead: Failure | null = null;
  private unlookedBytes = 0;
  private indexed: number;
  private readonly leafBuffer: Buffer = Buffer.allocUnsafe(64 * 1024);
  private readonly leafHash: Buffer = Buffer.alloc(32);

  constructor(db: DatabaseSync, intact: FileGuard = () => true) {
    this.db = db;
    this.intact = intact;
    this.counters = new Counters(db);
    this.sql = statements(db);
    this.indexed = indexedSize(db);
    this.loadBrakes();
  }

  get size(): number {
    return this.counters.size;
  }

  /** Each commit of the group is durable as a whole, or refused and without a trace. Never throws. */
  commit(commits: readonly PackedCommit[]): readonly PackedResult[] {
    const done = this.transaction(() => commits.map((commit) => this.apply(commit)));
    if (done.ok) return done.value;
    // One commit whose rows were refused must not take the others with it.
    if (done.fault.refused && commits.length > 1) return commits.flatMap((commit) => this.commit([commit]));
    if (done.duplicate) return [CONFLICT];
    const { code, detail } = done.fault;
    return commits.map(() => ["failed", code, detail] as const);
  }

  /** INV-7: two signed checkpoints never fork, because the next is stored only over the one it continues. */
  replaceCheckpoint(expected: string | null, next: string): Reply<boolean> {
    return this.reply(() => {
      if (readMeta(this.db, "checkpoint") !== expected) return false;
      writeMeta(this.db, "checkpoint", next);
      return true;
    });
  }

  /** Erases a blob and then the log that still holds its bytes. */
  erase(name: string): Reply<null> {
    const erased = this.reply(() => {
      this.db.prepare("DELETE FROM blobs WHERE name = ?").run(name);
      return null;
    });
    if (erased.ok) this.copyLog("TRUNCATE");
    return erased;
  }

  /** Replaces blobs that are what they were said to be, and then the log that still holds the former ones; how many. */
  replace(blobs: readonly ReplacedBlob[]): Reply<number> {
    const replaced = this.reply(() => {
      const statement = this.db.prepare("UPDATE blobs SET bytes = ?, sum = ? WHERE name = ? AND bytes = ?");
      let count = 0;
      for (const { name, was, bytes } of blobs)
        count += Number(statement.run(bytes, sumOfBytes(name, bytes), name, was).changes);
      return count;
    });
    if (replaced.ok) this.copyLog("TRUNCATE");
    return replaced;
  }

  /** To be called when answers have left: enters resources that wait, keeps the write-ahead log short. */
  tidy(): void {
    if (this.size - this.indexed >= INDEX_ENTRIES) this.indexResources();
    if (this.unlookedBytes < LOOK_BYTES || this.dead !== null) return;
    this.unlookedBytes = 0;
    const { log } = this.sql.logLength.get() as { readonly log: number };
    if (log >= CHECKPOINT_PAGES) this.copyLog("PASSIVE");
  }

  private indexResources(): void {
    const upTo = this.size;
    const done = this.transaction(() => {
      this.sql.resources.run(this.indexed, upTo);
      writeMeta(this.db, "indexed", String(upTo));
    });
    // What could not be entered is searched for in the journal itself.
    if (done.ok) this.indexed = upTo;
  }

  private copyLog(mode: "PASSIVE" | "TRUNCATE"): void {
    if (this.dead !== null) return;
    try {
      this.db.exec(`PRAGMA wal_checkpoint(${mode})`);
    } catch (error) {
      // A full disk or a reader may pass; the log still holds everything.
      this.remember(faultOf(error));
    }
  }

  private reply<T>(action: () => T): Reply<T> {
    const done = this.transaction(action);
    return done.ok ? done : { ok: false, failure: { code: done.fault.code, detail: done.fault.detail } };
  }

  private transaction<T>(
    action: () => T,
  ): { ok: true; value: T } | { ok: false; fault: SqliteFault; duplicate: boolean } {
    if (this.dead !== null)
      return { ok: false, fault: { ...this.dead, fatal: true, refused: false }, duplicate: false };
    try {
      this.sql.begin.run();
      const value = action();
      this.sql.commit.run();
      if (this.intact()) return { ok: true, value };
      this.remember(REMOVED);
      return { ok: false, fault: REMOVED, duplicate: false };
    } catch (error) {
      const fault = faultOf(error);
      this.remember(fault);
      this.undo();
      return { ok: false, fault, duplicate: isDuplicate(error) };
    }
  }

  private undo(): void {
    try {
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      this.counters.reload();
      this.loadBrakes();
    } catch (error) {
      this.remember({ ...faultOf(error), fatal: true });
    }
  }

  private remember({ fatal, code, detail }: SqliteFault): void {
    if (fatal) this.dead ??= { code: code === "data.damaged" ? code : "ledger.unavailable", detail };
  }

  private loadBrakes(): void {
    this.brakes.clear();
    for (const { body } of this.sql.brakes.iterate() as Iterable<{ body: string }>) this.brakes.apply(body);
  }

  /** Everything is tested before anything is written, so that a refused commit needs no undoing. */
  private apply(commit: PackedCommit): PackedResult {
    const refused = this.refuse(commit);
    if (refused !== null) return refused;
    const [, , , puts, entries, blobs] = commit;
    if (puts !== null && puts.length > 0) this.put(puts);
    const first = this.counters.size;
    for (const entry of entries) this.append(entry);
    for (const [name, latin1] of blobs ?? []) {
      const bytes = Buffer.from(latin1, "latin1");
      this.sql.blob.run(name, bytes, sumOfBytes(name, bytes));
      this.unlookedBytes += bytes.length;
    }
    return ["ok", this.counters.version, first];
  }

  private refuse([expect, unchanged, guard]: PackedCommit): PackedResult | null {
    if (expect !== null && !this.asExpected(expect)) return CONFLICT;
    if (unchanged?.some((list) => !this.isUnchanged(list)) === true) return CONFLICT;
    const brake = guard === null ? null : this.brakes.covering(guard.chain, guard.resource);
    return brake === null ? null : ["braked", brake.id, brake.kind];
  }

  private put(puts: readonly PackedPut[]): void {
    this.counters.version += 1;
    for (const [kind, id, body] of puts) {
      const { version } = this.counters;
      this.sql.put.run(kind, id, version, body, sumOf(version, kind, id, body));
      if (kind === "brake") this.brakes.apply(body);
      this.unlookedBytes += body.length;
    }
  }

  private asExpected(expect: readonly (string | number)[]): boolean {
    for (let i = 0; i < expect.length; i += 3) {
      const row = this.sql.version.get(expect[i] ?? "", expect[i + 1] ?? "") as
        | { readonly version: number }
        | undefined;
      if ((row?.version ?? 0) !== expect[i + 2]) return false;
    }
    return true;
  }

  private isUnchanged({ kind, status, agent, owner, since }: NonNullable<Commit["unchanged"]>[number]): boolean {
    if (owner !== undefined) {
      const changed = this.sql.changedOfOwner.get(kind, owner, status, agent ?? null, agent ?? null, since);
      return changed === undefined;
    }
    const changed =
      agent === undefined
        ? this.sql.changedOf.get(kind, status, since)
        : this.sql.changedOfAgent.get(kind, agent, status, since);
    return changed === undefined;
  }

  private append(entry: PackedEntry): void {
    const [head, middle, tail, id, kind, point, task, intent, resource, agent, human, named] = entry;
    const index = this.counters.size;
    const pointSeq = this.counters.nextOfPoint(point);
    const taskSeq = task === null ? null : this.counters.nextOfTask(task);
    // RFC 6962 section 2.1: the leaf hash is over 0x00 and the entry, which stand in one buffer here.
    const length = 1 + this.leafBuffer.write(`${head}${String(pointSeq)}${middle}${String(taskSeq)}${tail}`, 1);
    this.leafBuffer[0] = 0;
    const leaf = this.leafBuffer.subarray(1, length);
    // As a text: the platform gives bytes in memory of their own, which costs as much as the hash.
    this.leafHash.write(hash("sha256", this.leafBuffer.subarray(0, length), "binary"), "latin1");
    this.sql.entry.run(
      index,
      id,
      kind,
      point,
      pointSeq,
      task,
      taskSeq,
      intent,
      resource,
      agent,
      human,
      this.leafHash,
      leaf,
    );
    this.counters.size = index + 1;
    this.unlookedBytes += length;
    if (named === null) return;
    for (let i = 0; i < named.length; i += 2) this.sql.named.run(named[i] ?? "", named[i + 1] ?? "", index);
  }
}

type Statement =
  | "begin"
  | "commit"
  | "brakes"
  | "version"
  | "changedOf"
  | "changedOfAgent"
  | "changedOfOwner"
  | "put"
  | "entry"
  | "named"
  | "resources"
  | "blob"
  | "logLength";

function statements(db: DatabaseSync): Record<Statement, StatementSync> {
  return {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    brakes: db.prepare("SELECT body FROM records WHERE kind = 'brake' ORDER BY seq"),
    version: db.prepare("SELECT version FROM records WHERE kind = ? AND id = ?"),
    changedOf: db.prepare("SELECT 1 FROM records WHERE kind = ? AND status = ? AND version > ? LIMIT 1"),
    changedOfAgent: db.prepare(
      "SELECT 1 FROM records WHERE kind = ? AND agent = ? AND status = ? AND version > ? LIMIT 1",
    ),
    changedOfOwner: db.prepare(
      "SELECT 1 FROM records WHERE kind = ? AND owner = ? AND status = ? AND (? IS NULL OR agent = ?) AND version > ? LIMIT 1",
    ),
    put: db.prepare(
      "INSERT INTO records(kind, id, version, body, sum) VALUES (?, ?, ?, ?, ?) " +
        "ON CONFLICT(kind, id) DO UPDATE SET version = excluded.version, body = excluded.body, sum = excluded.sum",
    ),
    entry: db.prepare(
      "INSERT INTO journal(idx, id, kind, point, point_seq, task, task_seq, intent, resource, agent, human, leaf_hash, leaf) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    named: db.prepare("INSERT OR IGNORE INTO named(kind, id, idx) VALUES (?, ?, ?)"),
    resources: db.prepare(
      "INSERT INTO resources(name, idx) SELECT resource, idx FROM journal WHERE idx >= ? AND idx < ? AND resource IS NOT NULL ORDER BY resource, idx",
    ),
    blob: db.prepare(
      "INSERT INTO blobs(name, bytes, sum) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes, sum = excluded.sum",
    ),
    logLength: db.prepare("PRAGMA wal_checkpoint(NOOP)"),
  };
}
