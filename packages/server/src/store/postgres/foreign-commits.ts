import type { Growth } from "../growth.ts";
import { NOTIFY, type Notices } from "./notices.ts";
import type { Reads } from "./reads.ts";
import type { Session } from "./session.ts";

/** How often the primary is looked at: five times a second. */
const LOOK_MS = 200;

interface Head {
  readonly version: number;
  readonly size: number;
}

/**
 * Where the database is, as this process knows it, and whether another one moved it. Other processes tell (`NOTIFY`, which may be lost),
 * and the primary is looked at from time to time.
 */
export class ForeignCommits {
  /** Entries of which this process knows that they were acknowledged to somebody: its own, and those before them. */
  acknowledged = 0;
  private version: number;
  private readonly growth: Growth;
  private readonly notices: Notices;
  private readonly listeners = new Set<() => void>();
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private lookAgain = false;

  constructor(notices: Notices, growth: Growth, version: number) {
    this.notices = notices;
    this.growth = growth;
    this.version = version;
  }

  begin(reads: Reads): void {
    this.notices.on("commit", () => this.look(reads));
    this.timer = setInterval(() => this.look(reads), LOOK_MS);
    this.timer.unref();
  }

  end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.listeners.clear();
  }

  onForeignCommit(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What the database says; if it is beyond what is known, somebody else moved it. */
  observe({ version, size }: Head): void {
    this.growth.to(size);
    if (version <= this.version) return;
    this.version = version;
    for (const listener of this.listeners) listener();
  }

  /** What this process has moved itself. */
  advance({ version, size }: Head): void {
    this.acknowledged = Math.max(this.acknowledged, size);
    this.growth.to(size);
    this.version = Math.max(this.version, version);
  }

  /** Tells the others; sent behind a commit, outside its transaction, because a transaction that notifies holds up all others that do until it is on the disk. */
  tell(session: Session): void {
    // If it fails, they look by themselves.
    session.run(NOTIFY, [[this.notices.notice("commit")]]).catch(() => undefined);
  }

  /** While a look is under way, once more after it. */
  private look(reads: Reads): void {
    if (this.looking !== null) {
      this.lookAgain = true;
      return;
    }
    this.looking = this.lookOnce(reads).finally(() => {
      this.looking = null;
      if (!this.lookAgain || this.timer === null) return;
      this.lookAgain = false;
      this.look(reads);
    });
  }

  private async lookOnce(reads: Reads): Promise<void> {
    try {
      const [head] = await reads.rows<Head>("SELECT version, size FROM head");
      if (head !== undefined && this.timer !== null) this.observe(head);
    } catch {
      // Whoever needs the database is told; the next look comes.
    }
  }
}
