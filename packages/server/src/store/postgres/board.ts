import type { Json } from "@countersign/core";
import type { Board, Posted } from "../store.ts";
import { NOTIFY, type Notices } from "./notices.ts";
import type { Reads } from "./reads.ts";
import { searchable } from "./searchable.ts";

const SWEEP_MS = 10_000;
/** Values of one topic that are read. */
const MOST = 100_000;
/** Rows of one statement. */
const MOST_AT_ONCE = 5000;

interface Item {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly ttlMs: number;
}
interface Waiting {
  readonly items: Map<string, Item>;
  readonly written: Promise<void>;
}

const POST = `INSERT INTO board(topic, key, value, posted, place, until)
  SELECT topic, key, value, clock_timestamp(), n, clock_timestamp() + ttl * interval '1 millisecond'
  FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[]) WITH ORDINALITY AS p(topic, key, value, ttl, n)
  ON CONFLICT (topic, key) DO UPDATE
    SET value = excluded.value, posted = excluded.posted, place = excluded.place, until = excluded.until`;
const READ = `SELECT key, value, greatest(0, extract(epoch FROM clock_timestamp() - posted) * 1000)::float8 AS age FROM (
    SELECT * FROM board WHERE topic = $1 AND until > clock_timestamp() ORDER BY posted DESC, place DESC LIMIT ${String(MOST)}) AS newest
  ORDER BY posted, place`;
const TAKE = "DELETE FROM board WHERE topic = $1 AND key = $2 AND until > clock_timestamp() RETURNING value";
const CLAIM = `INSERT INTO board(topic, key, value, posted, place, until)
  VALUES ($1, $2, 'true', clock_timestamp(), 0, clock_timestamp() + $3::float8 * interval '1 millisecond')
  ON CONFLICT (topic, key) DO UPDATE SET value = excluded.value, posted = excluded.posted, place = excluded.place, until = excluded.until
    WHERE board.until <= clock_timestamp()
  RETURNING true AS claimed`;
// Rows that another process is working at are left to it: two sweeps, or a sweep and a post, never wait for each other.
const SWEEP = `DELETE FROM board WHERE (topic, key) IN (
    SELECT topic, key FROM board WHERE until <= clock_timestamp() LIMIT 10000 FOR UPDATE SKIP LOCKED)`;

/** The board of servers beside each other: an unlogged table, which a crash of the database empties. */
export class PostgresBoard implements Board {
  private readonly reads: Reads;
  private readonly notices: Notices;
  private readonly listeners = new Set<(topic: string) => void>();
  private readonly sweeper: NodeJS.Timeout;
  private waiting: Waiting | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(reads: Reads, notices: Notices) {
    this.reads = reads;
    this.notices = notices;
    notices.on("board", (topic) => {
      for (const listener of this.listeners) listener(topic);
    });
    this.sweeper = setInterval(() => void reads.rows(SWEEP).catch(() => undefined), SWEEP_MS);
    this.sweeper.unref();
  }

  async post(
    topic: string,
    items: readonly { readonly key: string; readonly value: Json }[],
    ttlMs: number,
  ): Promise<void> {
    if (items.length === 0) return;
    this.waiting ??= this.gather();
    for (const { key, value } of items) {
      const name = JSON.stringify([topic, key]);
      // Put again at the end: it is the newest now.
      this.waiting.items.delete(name);
      this.waiting.items.set(name, { topic, key, value: JSON.stringify(value), ttlMs });
    }
    await this.waiting.written;
  }

  async read(topic: string): Promise<readonly Posted[]> {
    const rows = await this.reads.rows<{ readonly key: string; readonly value: string; readonly age: number }>(READ, [
      searchable(topic),
    ]);
    return rows.map(({ key, value, age }) => ({ key, value: JSON.parse(value) as Json, ageMs: age }));
  }

  async take(topic: string, key: string): Promise<Json | null> {
    const [taken] = await this.reads.rows<{ readonly value: string }>(TAKE, [searchable(topic), searchable(key)]);
    return taken === undefined ? null : (JSON.parse(taken.value) as Json);
  }

  async claim(topic: string, key: string, ttlMs: number): Promise<boolean> {
    return (await this.reads.rows(CLAIM, [searchable(topic), searchable(key), ttlMs])).length > 0;
  }

  onPost(listener: (topic: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  end(): void {
    clearInterval(this.sweeper);
    this.listeners.clear();
  }

  /** What is posted while the one before is written goes together. */
  private gather(): Waiting {
    const items = new Map<string, Item>();
    const written = this.writing.then(async () => {
      this.waiting = null;
      await this.write([...items.values()]);
    });
    this.writing = written.catch(() => undefined);
    return { items, written };
  }

  private async write(items: readonly Item[]): Promise<void> {
    for (let from = 0; from < items.length; from += MOST_AT_ONCE) {
      const some = items.slice(from, from + MOST_AT_ONCE);
      const values = (of: (item: Item) => string | number): (string | number)[] => some.map(of);
      await this.reads.rows(POST, [
        values(({ topic }) => searchable(topic)),
        values(({ key }) => searchable(key)),
        values(({ value }) => value),
        values(({ ttlMs }) => ttlMs),
      ]);
    }
    const topics = [...new Set(items.map(({ topic }) => searchable(topic)))];
    void this.reads.rows(NOTIFY, [topics.map((topic) => this.notices.notice("board", topic))]).catch(() => undefined);
  }
}
