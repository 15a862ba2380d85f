import type { Kind } from "@countersign/core";
import { postAcknowledgements } from "../confirmations/index.ts";
import type { Kernel } from "../kernel.ts";
import type { ChangedRecord } from "../store/index.ts";

/** What no point is told. */
const UNTOLD: ReadonlySet<Kind> = new Set<Kind>(["session", "invite", "join", "point", "spool"]);
/** Names of changed records that are asked for at first. */
const NAMES = 1000;
/** Commits of this server that are known to be its own; more of them are told twice. */
const MOST_OWN = 10_000;

/** What other servers changed, by name, oldest change first; everything up to `version` has been told then. */
export interface Followed {
  readonly version: number;
  readonly names: readonly ChangedRecord[];
}

type Parts = Pick<Kernel, "store" | "points" | "keys" | "log"> & { readonly onFollowed: (followed: Followed) => void };

/**
 * Follows what other servers of the installation commit (ADR 0007): pushes it to the points that are connected here, and says what it was.
 * What this server commits it pushes at once itself. A push that fails or comes late costs time only: each renewal brings all changes up to
 * the version that it vouches for.
 */
export class Follow {
  private readonly parts: Parts;
  private readonly own = new Set<number>();
  private readonly ends: (() => void)[];
  /** Everything up to this version was told. */
  private seen: number;
  private looking: Promise<void> | null = null;
  private again = false;

  private constructor(parts: Parts, seen: number) {
    const { store } = parts;
    this.parts = parts;
    this.seen = seen;
    this.ends = [store.watch((_commit, version) => this.noteOwn(version)), store.onForeignCommit(() => this.look())];
  }

  /** Follows from the present state on. */
  static async begin(parts: Parts): Promise<Follow> {
    const follow = new Follow(parts, (await parts.store.changes(Number.MAX_SAFE_INTEGER, [])).version);
    follow.look();
    return follow;
  }

  /** Resolves when what is under way has been told. */
  async end(): Promise<void> {
    for (const end of this.ends) end();
    this.again = false;
    await this.looking;
  }

  private noteOwn(version: number): void {
    this.own.add(version);
    const [oldest] = this.own;
    if (this.own.size > MOST_OWN && oldest !== undefined) this.own.delete(oldest);
  }

  /** One look at a time; whoever asks meanwhile gets another one after it. */
  private look(): void {
    if (this.looking === null) this.looking = this.lookUntilQuiet();
    else this.again = true;
  }

  private async lookUntilQuiet(): Promise<void> {
    do {
      this.again = false;
      try {
        await this.tell();
      } catch (error) {
        // The next commit of another server, and each renewal, look again.
        this.parts.log.warn({ err: error }, "what other servers changed could not be read");
      }
    } while (this.again);
    this.looking = null;
  }

  private async tell(): Promise<void> {
    const changed = await this.changedNames();
    const version = changed.at(-1)?.version;
    if (version === undefined) return;
    const names = changed.filter((name) => !this.own.has(name.version));
    await this.push(names.filter(({ kind }) => !UNTOLD.has(kind)));
    this.seen = version;
    for (const own of this.own) if (own <= version) this.own.delete(own);
    this.parts.onFollowed({ version, names });
  }

  private async push(names: readonly ChangedRecord[]): Promise<void> {
    const { store, points, log } = this.parts;
    if (names.length === 0 || points.all().length === 0) return;
    const records = [...(await store.records(names))].sort((a, b) => a.version - b.version);
    const version = Math.max(0, ...records.map((record) => record.version));
    const pushed = points.publish({ generation: store.generation, version, records });
    // INV-3: the server that took a stop waits for the points of this one too.
    postAcknowledgements(this.parts, records, { pushed, untold: points.untold(pushed) }).catch(() => undefined);
    for (const { answer } of pushed) {
      answer.catch((error: unknown) =>
        log.warn({ err: error }, "an enforcement point did not take a change; its lease will end"),
      );
    }
  }

  /** One commit may change many records, and all of them have its version: a list that was cut off could end amid one. */
  private async changedNames(): Promise<readonly ChangedRecord[]> {
    for (let limit = NAMES; ; limit *= 4) {
      const names = await this.parts.store.changed(this.seen, limit);
      if (names.length < limit) return names;
    }
  }
}
