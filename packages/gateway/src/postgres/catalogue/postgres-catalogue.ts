import type { Catalogue } from "../judge/catalogue.ts";
import { buildCatalogue } from "./build.ts";
import { BEGIN, COMMIT, QUERIES, WATERMARK } from "./queries.ts";
import type { Row, Rows } from "./rows.ts";

/** A connection of the gateway's own to the guarded database, used by nothing else while a call of it is under way. */
export interface CatalogueConnection {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
}

export interface CatalogueOptions {
  /** How old the last look may be when a statement is judged by it. */
  readonly staleMs?: number;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
}

const STALE_MS = 1_000;
/** Objects below it come with PostgreSQL and change only with its version. */
const FIRST_OWN_OID = 16_384;
const WITH_OWN: ReadonlySet<string> = new Set(["relations", "columns", "functions", "types"]);

/**
 * The catalogue of one database: a snapshot, and whether it still holds. INV-2: {@link PostgresCatalogue.current} gives a snapshot that was
 * compared with the database at most `staleMs` ago and after the last {@link PostgresCatalogue.moved}, or throws.
 */
export class PostgresCatalogue {
  private readonly connection: CatalogueConnection;
  private readonly staleMs: number;
  private readonly now: () => number;
  private snapshot: Catalogue | null = null;
  private builtIn: Rows | null = null;
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Counts what made the snapshot doubtful; a look that began before it does not count. */
  private moves = 0;
  private looking: Promise<void> | null = null;

  constructor(connection: CatalogueConnection, { staleMs = STALE_MS, now }: CatalogueOptions) {
    this.connection = connection;
    this.staleMs = staleMs;
    this.now = now;
  }

  /** The catalogue may have changed: DDL or something unknown ran through the gateway. The next look is made anew. */
  moved(): void {
    this.moves += 1;
    this.lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** The snapshot if it may be used without a look; null when {@link current} has to be awaited. The next look begins before it has to. */
  fresh(): Catalogue | null {
    const age = this.now() - this.lookedAt;
    if (age > this.staleMs) return null;
    // One that fails leaves the age as it is: the next `current` looks again and says why.
    if (age > this.staleMs / 2) this.started().catch(() => undefined);
    return this.snapshot;
  }

  private started(): Promise<void> {
    this.looking ??= this.look().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  /** A snapshot that holds, after a look at the database when one is due. Throws what the connection throws. */
  async current(): Promise<Catalogue> {
    for (;;) {
      const fresh = this.fresh();
      if (fresh !== null) return fresh;
      const moves = this.moves;
      const shared = this.looking !== null;
      await this.started();
      // A look of one's own is as new as it can be, however long it took; one that somebody else began may be too old.
      if (!shared && moves === this.moves && this.snapshot !== null) return this.snapshot;
    }
  }

  private async look(): Promise<void> {
    const [began, moves] = [this.now(), this.moves];
    await this.connection.query(BEGIN);
    try {
      const { rows } = await this.connection.query(WATERMARK);
      const mark = String(rows[0]?.["mark"]);
      if (this.snapshot?.state !== mark) this.snapshot = buildCatalogue(await this.read(), mark);
    } finally {
      await this.connection.query(COMMIT);
    }
    if (this.moves === moves) this.lookedAt = began;
  }

  private async read(): Promise<Rows> {
    const all: Record<string, readonly Row[]> = {};
    const builtIn: Record<string, readonly Row[]> = {};
    for (const [name, text] of Object.entries(QUERIES)) {
      if (!WITH_OWN.has(name)) {
        all[name] = (await this.connection.query(text)).rows;
        continue;
      }
      const first = this.builtIn === null ? 0 : FIRST_OWN_OID;
      const { rows } = await this.connection.query(text, [first]);
      builtIn[name] = this.builtIn?.[name] ?? rows.filter((row) => Number(row["oid"] ?? FIRST_OWN_OID) < FIRST_OWN_OID);
      all[name] = first === 0 ? rows : [...(builtIn[name] ?? []), ...rows];
    }
    this.builtIn ??= builtIn;
    return all;
  }
}
