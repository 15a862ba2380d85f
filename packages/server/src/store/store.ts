import type {
  AnyRecord,
  BrakeId,
  Chain,
  EntryId,
  EntryKind,
  IntentId,
  Json,
  Kind,
  PointId,
  SpoolPlace,
  StateRecord,
} from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import type { Orphan } from "./orphans.ts";

/**
 * The one place of durable state: records, the journal of the ledger, encrypted blobs and wrapped keys, in one database.
 * A commit is one transaction: it is applied and durable (fsynced) as a whole, or it left no trace.
 */
export interface Store {
  /** Of the primary as last seen; a point refuses a lower one. SQLite: grows by one at each start; PostgreSQL: the timeline. */
  readonly generation: number;
  /**
   * (generation, version) of the primary, read after the call by a transaction that only the primary can commit. Calls that wait share one.
   * Rejects as `commit` does.
   */
  head(): Promise<Head>;
  /** Calls back when another process may have moved the state: at once where the database tells, else within a fifth of a second. Returns what ends it. */
  onForeignCommit(listener: () => void): () => void;
  /** What processes of this installation tell each other. */
  readonly board: Board;
  /** Runs alone among all processes of this installation: migrations, first keys, first records. What it asks for inside runs at once. */
  exclusively<T>(action: () => Promise<T>): Promise<T>;
  /** Commits are grouped: all that wait share one fsync. Rejects only with AppError `data.full`, `data.damaged` or `ledger.unavailable`. */
  commit(commit: Commit): Promise<Committed>;
  get<K extends Kind>(kind: K, id: string): Promise<StateRecord<K> | null>;
  /** Of these records those that there are, in any order: one question, at one version. */
  records(names: readonly RecordName[]): Promise<readonly AnyRecord[]>;
  /** Records of a kind, newest last; `where` matches exactly. */
  find<K extends Kind>(kind: K, where?: RecordFilter): Promise<readonly StateRecord<K>[]>;
  /** How many records of a kind there are, without reading them. */
  count(kind: Kind, where?: Omit<RecordFilter, "before" | "limit">): Promise<number>;
  /** Names of the records changed after `version`, oldest change first, without what they hold; at most `limit`. */
  changed(version: number, limit: number): Promise<readonly ChangedRecord[]>;
  /** Calls back after each durable commit of this process, in commit order. Returns what ends it. The listener must not throw. */
  watch(listener: (commit: Commit, version: number) => void): () => void;
  /** Records changed after `version` (0: all), at one version. */
  changes(
    version: number,
    kinds: readonly Kind[],
  ): Promise<{ readonly version: number; readonly records: readonly AnyRecord[] }>;
  entries(query: EntryQuery): Promise<readonly StoredEntry[]>;
  entry(id: EntryId): Promise<StoredEntry | null>;
  /** Intents without an outcome: what a crash cut off. */
  openIntents(): Promise<readonly StoredEntry[]>;
  /** INV-10: what is in force though its human, device or agent is not; must be empty. Runs beside other questions. */
  orphans(): Promise<readonly Orphan[]>;
  blob(name: string): Promise<Uint8Array | null>;
  /** Names of blobs that begin with `prefix` (of ASCII) and come after `after`, in the order of their bytes; at most `limit`. */
  blobNames(prefix: string, after: string, limit: number): Promise<readonly string[]>;
  /** Replaces, in one transaction, those of these blobs that still are what they `was`; how many were. What was erased stays so. */
  replaceBlobs(blobs: readonly ReplacedBlob[]): Promise<number>;
  /** Erases for good: a person's key, a call's arguments. */
  eraseBlob(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface ReplacedBlob {
  readonly name: string;
  readonly was: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface Head {
  readonly generation: number;
  readonly version: number;
}

/**
 * Values with a time to live that the processes of one installation tell each other (ADR 0007). They may be lost at any time and prove
 * nothing: whoever can write the database can write them.
 */
export interface Board {
  /** Puts or replaces. Those of one moment are written together. */
  post(topic: string, items: readonly { readonly key: string; readonly value: Json }[], ttlMs: number): Promise<void>;
  read(topic: string): Promise<readonly Posted[]>;
  /** Takes one away: only one caller ever gets it. Null when there is none. */
  take(topic: string, key: string): Promise<Json | null>;
  /** Puts a key that is not there: true for the one caller whose it is, false for all others until it is over. */
  claim(topic: string, key: string, ttlMs: number): Promise<boolean>;
  /** Calls back soon after another process posted; it may come late or never, so read from time to time. Returns what ends it. */
  onPost(listener: (topic: string) => void): () => void;
}
export interface Posted {
  readonly key: string;
  readonly value: Json;
  /** By the clock of the board. */
  readonly ageMs: number;
}

export interface RecordName {
  readonly kind: Kind;
  readonly id: string;
}
/** A record that changed, by name. */
export interface ChangedRecord extends RecordName {
  readonly version: number;
}

export interface RecordFilter {
  readonly status?: string;
  /** `terms.owner` or `terms.human`. */
  readonly owner?: string;
  readonly agent?: string;
  readonly task?: string;
  /** `terms.device` */
  readonly device?: string;
  /** A lookup key: agent name, token digest, key thumbprint, approval match (`terms.name|tokenDigest|cookieDigest|jkt|match`). */
  readonly key?: string;
  /** Only records that were made before the one with this id. */
  readonly before?: string;
  readonly limit?: number;
}

export interface Commit {
  /** Refused as `conflict` when a record's version differs (0: must not exist). */
  readonly expect?: readonly { readonly kind: Kind; readonly id: string; readonly version: number }[];
  /**
   * Refused as `conflict` when any record of this kind and status (and agent, and owner) changed after `since`: for a list that was read before and
   * must still be whole, such as the live tasks that a stop ends.
   */
  readonly unchanged?: readonly {
    readonly kind: Kind;
    readonly status: string;
    readonly agent?: string;
    readonly owner?: string;
    readonly since: number;
  }[];
  /** Refused as `braked` when an active brake covers this chain and resource (or one of them). */
  readonly guard?: { readonly chain: Chain; readonly resource: string | readonly string[] };
  readonly put?: readonly Put[];
  /** At least one entry for every put but `posture`. Counters (`pointSeq`, `taskSeq`) are taken in the transaction. */
  readonly entries?: readonly Entry[];
  readonly blobs?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}
export type Put = { [K in Kind]: Omit<StateRecord<K>, "version"> }[Kind];
/** A draft plus what the store adds to the leaf: its point, and the digests of the records it changes (`records`). */
export interface Entry {
  readonly point: PointId;
  readonly draft: EntryDraft;
  readonly changes?: readonly { readonly kind: Kind; readonly id: string }[];
  /** The frame of its point's spool that it came in. */
  readonly spool?: SpoolPlace;
}

export type Committed =
  | {
      readonly ok: true;
      /** Number of this commit; unchanged when it put no record. */ readonly version: number;
      readonly indexes: readonly number[];
    }
  | { readonly ok: false; readonly code: "conflict" }
  | { readonly ok: false; readonly code: "braked"; readonly brake: BrakeId; readonly kind: "freeze" | "sever" };

export interface EntryQuery {
  /** First index, inclusive. */
  readonly from?: number;
  readonly limit: number;
  /** Newest first. */
  readonly reverse?: boolean;
  readonly task?: string;
  readonly intent?: IntentId;
  readonly agent?: string;
  readonly human?: string;
  /** Entries of the tasks that were opened from it. */
  readonly device?: string;
  readonly kind?: EntryKind;
  /** Only what was done, tried or refused: intents and decisions. */
  readonly acts?: true;
  /** Times in Unix milliseconds: from, inclusive, and until, exclusive; by the ids of the entries. */
  readonly since?: number;
  readonly until?: number;
  /** Exact resource name, or a pattern with `*`. */
  readonly resource?: string;
  /** Entries that changed this record. */
  readonly record?: { readonly kind: Kind; readonly id: string };
}
export interface StoredEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly body: Json;
}
