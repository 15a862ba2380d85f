import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Chance } from "./chance.ts";
import type { Scope, Stop } from "./check/history.ts";
import type { People } from "./cluster/people.ts";
import { nowMs } from "./sightings.ts";

/** How long the one who asked waits for the answer itself; then it looks for what became of it. */
const INLINE_MS = 6000;
const LOOK_MS = 200;
/** A stop that nobody has heard of by then was not taken. */
const UNHEARD_MS = 20_000;
/** And one that has no receipt by then never gets one. */
const ENDLESS_MS = 120_000;

type Receipt = NonNullable<Stop["receipt"]> & { readonly brake: string };
interface Listed {
  readonly id: string;
  readonly reason: string | null;
}

/** Asks for stops as a person does, of whichever server answers, and lifts them again. */
export class Stopping {
  readonly stops: Stop[] = [];
  private readonly people: People;
  private readonly chance: Chance;

  constructor(people: People, chance: Chance) {
    this.people = people;
    this.chance = chance;
  }

  /** Stops a scope and waits for the receipt. Null: no server took it. */
  async stop(scope: Scope): Promise<Stop | null> {
    const reason = `fault run ${randomUUID()}`;
    const kind = this.chance.next() < 0.75 ? "freeze" : "sever";
    const requestedAt = nowMs();
    const inline = await this.inline({ kind, scope, reason });
    const found = inline === null ? await this.found(reason, requestedAt) : { brake: inline.brake, receipt: inline };
    if (found === null) return null;
    const receiptAt = found.receipt === null ? null : nowMs();
    const stop: Stop = { ...found, scope, requestedAt, receiptAt, thawedAt: null };
    this.stops.push(stop);
    return stop;
  }

  /** Lifts a stop: from the moment at which the signature is asked for it may be over. */
  async thaw(stop: Stop): Promise<void> {
    const at = this.stops.indexOf(stop);
    this.stops[at] = { ...stop, thawedAt: nowMs() };
    await this.lift(stop.brake);
  }

  /** Lifts what agents brought upon themselves by trying again; or all that there is. */
  async liftOthers(which: "own" | "all"): Promise<void> {
    const { brakes } = await this.people.ask(
      async (alice) => await alice.json<{ brakes: readonly Listed[] }>("/v1/brakes"),
    );
    for (const { id, reason } of brakes)
      if (which === "all" || reason?.startsWith("three tries") === true) await this.lift(id);
  }

  private async lift(brake: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.people.ask(async (alice) => {
          const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/brakes/${brake}/thaw`, {});
          await alice.answer(approvalId);
        });
        return;
      } catch (error) {
        // Lifted already, by a try whose answer was lost.
        if (String(error).includes("lifted already")) return;
        if (tries >= 20) throw error;
        await delay(LOOK_MS * tries);
      }
    }
  }

  private async inline(body: object): Promise<Receipt | null> {
    try {
      return await this.people.once(async (alice) => await alice.json<Receipt>("/v1/brakes", body), INLINE_MS);
    } catch {
      return null;
    }
  }

  /** What became of a stop whose answer was lost: its receipt, or only its name when it gets none. */
  private async found(reason: string, since: number): Promise<Pick<Stop, "brake" | "receipt"> | null> {
    let brake: string | null = null;
    for (;;) {
      try {
        brake ??= await this.named(reason);
        if (brake !== null) {
          const id = brake;
          const seen = await this.people.once(async (alice) => await alice.json<Receipt>(`/v1/brakes/${id}`));
          if (seen.state === "stopped") return { brake, receipt: seen };
        } else if (nowMs() - since > UNHEARD_MS) return null;
      } catch {
        // No server answers: asked again.
      }
      if (brake !== null && nowMs() - since > ENDLESS_MS) return { brake, receipt: null };
      await delay(LOOK_MS);
    }
  }

  private async named(reason: string): Promise<string | null> {
    const { brakes } = await this.people.once(
      async (alice) => await alice.json<{ brakes: readonly Listed[] }>("/v1/brakes"),
    );
    return brakes.find((brake) => brake.reason === reason)?.id ?? null;
  }
}
