import type { Hint, HintKind } from "@countersign/api";
import { type AnyRecord, AppError, type Kind, type LedgerEntry } from "@countersign/core";
import { isAskedByAnybody } from "../approvals/index.ts";
import type { Caller } from "../http/index.ts";
import type { Followed, Points } from "../points/index.ts";
import type { Commit, LedgerStore, Put } from "../store/index.ts";
import { Stream } from "./stream.ts";

/** How long hints are gathered before they are sent: a burst becomes one. */
const GATHER_MS = 100;
const WATCH_MS = 1000;
/** Acts of other servers that are told: as old as they can be when they are looked for, clocks that differ included. */
const ACTS_MS = 5000;
const HEARTBEAT_MS = 15_000;
/** Streams at a time, of one person and of all. */
const MOST_OF_ONE = 8;
const MOST = 256;
/** More records than this changed: read everything again. */
const MOST_NAMED = 200;

/** Records whose change is told; what happens to the others shows in these. */
const TOLD: Partial<Record<Kind, HintKind>> = {
  approval: "approval",
  task: "task",
  agent: "agent",
  device: "device",
  posture: "device",
  human: "human",
  brake: "brake",
  mandate: "mandate",
  policy: "policy",
  upstream: "upstream",
  point: "point",
  settings: "everything",
};

export interface FeedParts {
  readonly store: LedgerStore;
  readonly points: Points;
  readonly now: () => number;
}

/**
 * Tells whoever listens that something changed: who and what, never how. Each listener reads it again as themselves, so that a stream
 * shows nobody more than the routes do.
 */
export class Feed {
  private readonly parts: FeedParts;
  private readonly streams = new Set<Stream>();
  private gathered: Hint[] = [];
  /** Everything up to this version was told; null before anybody listened. */
  private version: number | null = null;
  /** Entries that this server has recorded, and those of others as they were last told. */
  private own = 0;
  private foreign: number;
  private flushing: NodeJS.Timeout | null = null;
  private lost = "";
  private readonly ticking: NodeJS.Timeout;
  private readonly beating: NodeJS.Timeout;
  private readonly unwatch: () => void;

  constructor(parts: FeedParts) {
    this.parts = parts;
    this.foreign = parts.store.journal.size();
    this.unwatch = parts.store.watch((commit, version) => this.committed(commit, version));
    this.ticking = setInterval(() => this.tick(), WATCH_MS);
    this.beating = setInterval(() => this.each((stream) => stream.beat()), HEARTBEAT_MS);
    this.ticking.unref();
    this.beating.unref();
  }

  /** Something that is no change of a record: the progress of a stop. */
  hint(hint: Hint): void {
    if (this.streams.size === 0) return;
    if (this.gathered.length <= MOST_NAMED) this.gathered.push(hint);
    this.flushing ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /**
   * A stream for this caller, until they sign out or their session ends. After `lastEventId` it begins with what changed since.
   * @throws AppError `request.too_many`
   */
  async open(caller: Caller, lastEventId: string | null): Promise<Stream> {
    const stream = new Stream(caller, () => this.streams.delete(stream));
    const mine = [...this.streams].filter((other) => other.belongsTo(caller));
    if (mine.length >= MOST_OF_ONE || this.streams.size >= MOST) {
      throw new AppError("request.too_many", { detail: "too many pages listen already; close some of them" });
    }
    this.streams.add(stream);
    try {
      const { hints, version } = await this.since(lastEventId);
      this.version ??= version;
      stream.begin(hints, version);
      return stream;
    } catch (error) {
      stream.end();
      throw error;
    }
  }

  close(): void {
    this.unwatch();
    clearInterval(this.ticking);
    clearInterval(this.beating);
    if (this.flushing !== null) clearTimeout(this.flushing);
    this.each((stream) => stream.end());
  }

  private async since(lastEventId: string | null): Promise<{ hints: readonly Hint[]; version: number }> {
    const { store } = this.parts;
    const { version } = await store.changes(Number.MAX_SAFE_INTEGER, []);
    if (lastEventId === null) return { hints: [], version };
    const seen = /^[0-9]{1,15}$/.test(lastEventId) ? Number(lastEventId) : Number.NaN;
    const everything = { hints: [{ kind: "everything", id: null } as const], version };
    if (!(seen <= version)) return everything;
    const changed = await store.changed(seen, MOST_NAMED + 1);
    if (changed.length > MOST_NAMED) return everything;
    const told = await Promise.all(changed.map(async ({ kind, id }) => await this.tellable(kind, id)));
    // What is no record is not counted: it may have changed.
    const always = [{ kind: "ledger", id: null } as const, { kind: "point", id: null } as const];
    return { hints: [...told.filter((hint) => hint !== null), ...always], version };
  }

  private async tellable(kind: Kind, id: string): Promise<Hint | null> {
    const approval = kind === "approval" ? await this.parts.store.get("approval", id) : null;
    return approval !== null && isAskedByAnybody(approval.terms) ? null : hintOf(kind, id);
  }

  /** What other servers changed, as it becomes known here. */
  followed({ version, names }: Followed): void {
    if (this.version !== null) this.version = Math.max(this.version, version);
    if (this.streams.size === 0) return;
    for (const { kind, id } of names) {
      if (kind === "approval" || kind === "session" || kind === "human") this.look(kind, id).catch(() => this.unsure());
      else this.tellChange(kind, id);
    }
    this.hint({ kind: "ledger", id: null });
  }

  /** What is told of it, or whom it ends, shows only in what it holds. */
  private async look(kind: "approval" | "session" | "human", id: string): Promise<void> {
    const record = await this.parts.store.get(kind, id);
    if (record !== null) this.changed(record as AnyRecord);
  }

  private committed({ put = [], entries = [] }: Commit, version: number): void {
    // After a gap it is told when what other servers changed has been: whoever comes back with it has missed nothing.
    if (version === (this.version ?? 0) + 1) this.version = version;
    this.own += entries.length;
    if (this.streams.size === 0) return;
    for (const record of put) this.changed(record);
    for (const { draft } of entries) {
      const { task } = draft.chain;
      if (task !== null && (draft.kind === "action.intent" || draft.kind === "decision"))
        this.hint({ kind: "task", id: task });
    }
    if (entries.length > 0) this.hint({ kind: "ledger", id: null });
  }

  private tellChange(kind: Kind, id: string): void {
    const hint = hintOf(kind, id);
    if (hint !== null) this.hint(hint);
  }

  private changed(record: Put): void {
    if (record.kind === "session" && record.state.status !== "active")
      this.end((stream) => stream.session === record.id);
    if (record.kind === "human" && record.state.status !== "active") this.end((stream) => stream.human === record.id);
    // Anybody may ask to be signed in: only whoever has the link is to see it.
    if (record.kind === "approval" && isAskedByAnybody(record.terms)) return;
    this.tellChange(record.kind, record.id);
  }

  private flush(): void {
    this.flushing = null;
    const unique = new Map(this.gathered.map((hint) => [`${hint.kind} ${String(hint.id)}`, hint]));
    this.gathered = [];
    const hints: readonly Hint[] = unique.size > MOST_NAMED ? [{ kind: "everything", id: null }] : [...unique.values()];
    const { version } = this;
    this.each((stream) => stream.send(hints, version));
  }

  /** Leases are lost without a commit, and sessions end without one. */
  private tick(): void {
    if (this.streams.size === 0) return;
    const lost = this.parts.points
      .all()
      .filter(({ lease }) => !lease.valid())
      .map(({ id }) => id)
      .join(" ");
    if (lost !== this.lost) this.hint({ kind: "point", id: null });
    this.lost = lost;
    const now = this.parts.now();
    this.end((stream) => stream.expiresAt <= now);
    const foreign = this.parts.store.journal.size() - this.own;
    if (foreign === this.foreign) return;
    this.foreign = foreign;
    this.tellActs(now).catch(() => this.unsure());
  }

  /** Tasks that acted through other servers: what they record there is no change of a record. */
  private async tellActs(now: number): Promise<void> {
    const query = { acts: true, reverse: true, limit: MOST_NAMED, since: now - ACTS_MS } as const;
    for (const { body } of await this.parts.store.entries(query)) {
      const { task } = (body as unknown as LedgerEntry).chain;
      if (task !== null) this.hint({ kind: "task", id: task });
    }
  }

  /** Something could not be read: whoever listens reads anew what they look at. */
  private unsure(): void {
    this.hint({ kind: "everything", id: null });
  }

  private end(which: (stream: Stream) => boolean): void {
    this.each((stream) => {
      if (which(stream)) stream.end();
    });
  }

  private each(act: (stream: Stream) => void): void {
    for (const stream of this.streams) act(stream);
  }
}

function hintOf(kind: Kind, id: string): Hint | null {
  const told = TOLD[kind];
  return told === undefined ? null : { kind: told, id: told === "everything" ? null : id };
}
