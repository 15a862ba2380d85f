import { AppError, type Code, type PointId, type Settings, type TaskId } from "@countersign/core";
import type { ControlPlane, Hello, Snapshot } from "./control-plane.ts";
import type { Lease } from "./lease.ts";
import { within } from "./within.ts";

/** How often the point looks whether its lease still holds, in ms. */
const WATCH_MS = 100;
/** Tasks whose chains are taken along when the point joins again; the others are learned anew. */
const MOST_TASKS = 10_000;

/** Answers after which the point denies at once. One that was taken for gone may use up its lease: that is waited for. */
const DENIED: ReadonlySet<Code> = new Set<Code>([
  "point.in_use",
  "point.unknown",
  "point.clock",
  "lease.behind",
  "link.malformed",
]);

export interface RenewalParts {
  readonly point: PointId;
  /** base64url, 32 bytes: known to this process alone. */
  readonly instance: string;
  /** To join ends after a while, also without an answer. */
  readonly controlPlane: Pick<ControlPlane, "join" | "renew" | "leave">;
  readonly lease: Lease;
  readonly settings: () => Settings["lease"];
  readonly applied: () => number;
  readonly url: () => string | null;
  readonly postgres: () => string | null;
  readonly now: () => number;
  /** The tasks that are served, those that were used last first. */
  readonly tasks: () => readonly TaskId[];
  readonly drop: (tasks: readonly TaskId[]) => void;
  /** Applies everything of an answer. */
  readonly take: (answer: Snapshot) => Promise<void>;
  /** The lease was lost, or holds again. */
  readonly changed: (valid: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Keeps the lease of a point: joins, renews each second, joins again when it was taken for gone. Everything that an answer tells is applied
 * before the lease is extended, and that is counted from when the question was sent. Silence ends a lease; a refusal ends it at once.
 */
export class Renewal {
  private readonly parts: RenewalParts;
  private timers: NodeJS.Timeout[] = [];
  private asking = false;
  private joined = false;
  private ended = false;
  private held = false;

  constructor(parts: RenewalParts) {
    this.parts = parts;
  }

  /** @throws what the control plane refuses the point for */
  async begin(): Promise<void> {
    await this.ask();
    this.look();
    if (this.ended) return;
    const renewing = setInterval(() => void this.renew(), this.parts.settings().renewSeconds * 1000);
    const watching = setInterval(() => this.look(), WATCH_MS);
    watching.unref();
    this.timers = [renewing, watching];
  }

  /** Denies from here on, and says so, that nobody waits for this lease. */
  async end(): Promise<void> {
    this.ended = true;
    for (const timer of this.timers) clearInterval(timer);
    this.parts.lease.drop();
    this.look();
    if (!this.joined) return;
    this.joined = false;
    await this.parts.controlPlane.leave(this.parts.point);
  }

  /** Asks once more, unless an answer is awaited. Never rejects. */
  async renew(): Promise<void> {
    if (this.asking || this.ended) return;
    this.asking = true;
    try {
      await this.askOrJoin();
    } catch (error) {
      this.refused(error);
    } finally {
      this.asking = false;
      this.look();
    }
  }

  /** Who was taken for gone, or is linked to another server now, joins in the same breath. */
  private async askOrJoin(): Promise<void> {
    try {
      await this.ask();
    } catch (error) {
      if (!this.joined || !(error instanceof AppError) || error.code !== "point.left") throw error;
      this.joined = false;
      await this.ask();
    }
  }

  private async ask(): Promise<void> {
    const { lease, take, settings } = this.parts;
    const sent = lease.reading();
    const answer = this.joined ? await within(settings().seconds * 1000, this.renewal()) : await this.joining();
    await take(answer);
    if (this.ended) return;
    this.joined = true;
    lease.extend(sent, answer.generation, settings().seconds * 1000);
  }

  private async renewal(): Promise<Snapshot> {
    const { point, instance, controlPlane, applied, now } = this.parts;
    return await controlPlane.renew({ point, instance, applied: applied(), clock: now() });
  }

  private reached(): Pick<Hello, "url" | "postgres"> {
    const postgres = this.parts.postgres();
    return { url: this.parts.url(), ...(postgres === null ? {} : { postgres }) };
  }

  private async joining(): Promise<Snapshot> {
    const { point, instance, controlPlane, applied, now, tasks, drop } = this.parts;
    const held = tasks();
    if (held.length > MOST_TASKS) drop(held.slice(MOST_TASKS));
    const kept = held.slice(0, MOST_TASKS);
    const hello = { point, instance, applied: applied(), tasks: kept, ...this.reached(), clock: now() };
    const answer = await controlPlane.join(hello);
    // Whoever ended meanwhile says so: nobody else knows that this lease will never be used.
    if (this.ended) await controlPlane.leave(point);
    return answer;
  }

  private refused(error: unknown): void {
    const code = error instanceof AppError ? error.code : null;
    // INV-2: what is silent may be late; what refuses has decided.
    if (code !== null && DENIED.has(code)) this.parts.lease.drop();
    if (code === "point.left" || code === "point.in_use") this.joined = false;
    this.parts.failed(error);
  }

  private look(): void {
    const valid = this.parts.lease.valid();
    if (valid === this.held) return;
    this.held = valid;
    this.parts.changed(valid);
  }
}
