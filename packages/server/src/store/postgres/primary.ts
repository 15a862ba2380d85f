import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "@countersign/core";
import { type Address, describeAddress, describeHost, type Host } from "./address.ts";
import { faultOf } from "./fault.ts";
import { type Limits, Session } from "./session.ts";

/** When one host has answered, how long the others may take to say that they are a newer primary. */
const OTHERS_MS = 300;
/** When one host says that it is a standby, how long the others may take to say anything: it may be promoted while a silent one is waited for. */
const SILENT_MS = 500;
/** A failed search is the answer for that long, so that nobody hammers a database that is starting. */
const RETRY_MS = 100;

interface Candidate {
  readonly host: Host;
  readonly session: Session;
}
type Opened = { readonly host: Host; readonly session: Session } | { readonly host: Host; readonly error: unknown };

/**
 * Finds the primary among the hosts of an address and opens sessions to it. Of two that say they are primary, the one of the higher
 * timeline is: the other was deposed. A timeline below one that was seen is refused for good.
 */
export class Primary {
  /** Highest timeline seen. */
  generation = 0;
  private readonly address: Address;
  private readonly sessions = new Set<Session>();
  private current: Host | null = null;
  private search: Promise<void> | null = null;
  private isClosed = false;

  constructor(address: Address) {
    this.address = address;
  }

  /** @throws AppError `ledger.unavailable`, `config.invalid` */
  async open(limits: Limits): Promise<Session> {
    this.refuseClosed();
    if (this.current === null) await this.searched(limits);
    const host = this.current;
    if (host === null) throw new AppError("ledger.unavailable", { detail: "the primary was lost again" });
    const opened = await this.tryOpen(host, limits);
    const session = this.accepted(opened);
    if (!(session instanceof Session)) {
      this.lost();
      throw session;
    }
    this.refuseClosed(session);
    return session;
  }

  /** Tells that the primary did not answer: whoever opens next looks at all hosts again. */
  lost(): void {
    this.current = null;
  }

  close(): void {
    this.isClosed = true;
    for (const session of this.sessions) session.destroy();
  }

  private async searched(limits: Limits): Promise<void> {
    const earlier = this.search;
    // One that began before may have looked too early.
    if (
      earlier !== null &&
      (await earlier.then(
        () => true,
        () => false,
      ))
    )
      return;
    await (this.search ??= this.find(limits).finally(() => (this.search = null)));
  }

  private async find(limits: Limits): Promise<void> {
    const errors: AppError[] = [];
    const candidates: Candidate[] = [];
    const first = Promise.withResolvers<void>();
    const standby = Promise.withResolvers<void>();
    const all = this.address.hosts.map(async (host) => {
      const opened = await this.tryOpen(host, limits);
      if ("session" in opened && opened.session.found.isRecovering) standby.resolve();
      const session = this.accepted(opened);
      if (!(session instanceof Session)) {
        errors.push(session);
        return;
      }
      candidates.push({ host, session });
      first.resolve();
    });
    await Promise.race([
      Promise.all(all),
      first.promise.then(async () => await delay(OTHERS_MS)),
      standby.promise.then(async () => await delay(SILENT_MS)),
    ]);
    // Whoever answers later is looked at too: it may be the newer one.
    Promise.all(all).then(
      () => this.choose(candidates),
      () => undefined,
    );
    if (!this.choose(candidates)) {
      await delay(RETRY_MS);
      throw this.unreachable(errors);
    }
  }

  private choose(candidates: readonly Candidate[]): boolean {
    const best = candidates.toSorted((a, b) => b.session.found.timeline - a.session.found.timeline)[0];
    for (const { session } of candidates) session.leave();
    if (best === undefined || best.session.found.timeline < this.generation) return false;
    this.current = best.host;
    // What waits at a deposed primary would wait for a standby that it does not have any more.
    for (const session of this.sessions) if (session.found.timeline < this.generation) session.destroy();
    return true;
  }

  private async tryOpen(host: Host, limits: Limits): Promise<Opened> {
    try {
      return { host, session: await Session.open(this.address, host, limits) };
    } catch (error) {
      return { host, error };
    }
  }

  private accepted(opened: Opened): Session | AppError {
    if ("error" in opened) {
      const { code, detail } = faultOf(opened.error);
      return new AppError(code, { detail: `${describeHost(opened.host)}: ${detail}` });
    }
    const { session } = opened;
    const { isRecovering, timeline } = session.found;
    const refusal = isRecovering
      ? "it is a standby"
      : timeline < this.generation
        ? `it is a deposed primary: timeline ${String(timeline)}, where ${String(this.generation)} was seen`
        : null;
    if (refusal !== null) {
      session.leave();
      return new AppError("ledger.unavailable", { detail: `${describeHost(opened.host)}: ${refusal}` });
    }
    this.generation = Math.max(this.generation, timeline);
    this.sessions.add(session);
    session.onEnd(() => this.sessions.delete(session));
    return session;
  }

  private unreachable(errors: readonly AppError[]): AppError {
    // A server that is there and unfit says more than one that is not there.
    const code = errors.find((error) => error.code !== "ledger.unavailable")?.code ?? "ledger.unavailable";
    const all = errors.map((error) => error.message).join("; ");
    return new AppError(code, {
      detail: `no primary at ${describeAddress(this.address)} (${all || "no host answered"})`,
    });
  }

  private refuseClosed(session?: Session): void {
    if (!this.isClosed) return;
    session?.destroy();
    throw new AppError("ledger.unavailable", { detail: "the store is closed" });
  }
}
