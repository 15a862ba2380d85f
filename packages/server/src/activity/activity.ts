import type { DecisionMinute } from "@countersign/api";
import type { DecisionResult, LedgerEntry } from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import { type Counts as Counted, SharedCounts } from "./shared-counts.ts";

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Acts that are counted again after a start, and how many at a time. */
const MOST_COUNTED = 20_000;
const PAGE = 1000;
/** Tasks whose rate is known; the one that acted first is forgotten first. */
const MOST_TASKS = 10_000;
/** A task's last minute, in slices. */
const SLICE_MS = 10_000;
const SLICES = MINUTE_MS / SLICE_MS;
/** How often servers tell each other what they have counted, and of how many tasks. */
const SHARE_MS = 5000;
const MOST_TOLD = 1000;

type Act = Pick<EntryDraft, "kind" | "time" | "decision" | "chain">;
type Counts = Record<DecisionResult, number>;
const RESULTS = ["permit", "deny", "hold"] as const satisfies readonly DecisionResult[];
const nothing = (): Counts => ({ permit: 0, deny: 0, hold: 0 });

/**
 * What was decided in the last hour, counted as it is recorded: nobody's look at it reads the ledger. Each server counts what it records
 * itself, and adds what the others say that they have counted.
 */
export class Activity {
  private readonly kernel: Pick<Kernel, "store" | "now" | "random" | "log">;
  private readonly shared: SharedCounts;
  private readonly minutes = new Map<number, Counts>();
  private readonly tasks = new Map<string, Map<number, number>>();
  /** What the other servers said last. */
  private others: readonly Counted[] = [];
  private countedSince: number;
  private sharing: NodeJS.Timeout | null = null;

  constructor(kernel: Pick<Kernel, "store" | "now" | "random" | "log">) {
    this.kernel = kernel;
    this.shared = new SharedCounts(kernel);
    this.countedSince = kernel.now();
    kernel.store.watch(({ entries = [] }) => {
      for (const { draft } of entries) this.count(draft);
    });
  }

  /**
   * Counts again what a former run had counted: at most {@link MOST_COUNTED} acts of the last hour, and of these only what no other server
   * claims. Then tells the others from time to time.
   */
  async begin(): Promise<void> {
    this.others = await this.shared.others();
    await this.countAgain();
    for (const { minutes } of this.others) {
      for (const [minute, ...counted] of minutes) {
        const counts = this.minutes.get(minute);
        if (counts !== undefined)
          RESULTS.forEach((result, i) => (counts[result] -= Math.min(counts[result], counted[i] ?? 0)));
      }
    }
    this.sharing = setInterval(() => void this.share(), SHARE_MS).unref();
  }

  end(): void {
    if (this.sharing !== null) clearInterval(this.sharing);
  }

  /** Tells the others, and hears them. Never rejects: figures may be late. */
  async share(): Promise<void> {
    try {
      await this.shared.tell(this.counted());
      this.others = await this.shared.others();
    } catch (error) {
      this.kernel.log.warn({ err: error }, "what was decided was not told to the other servers");
    }
  }

  private counted(): Counted {
    this.forgetMinutes();
    const oldest = Math.floor(this.kernel.now() / SLICE_MS) - SLICES;
    const tasks = [...this.tasks].slice(-MOST_TOLD).map(([task, slices]) => {
      return [task, [...slices].filter(([slice]) => slice > oldest)] as const;
    });
    return {
      minutes: [...this.minutes].map(([minute, { permit, deny, hold }]) => [minute, permit, deny, hold] as const),
      tasks: tasks.filter(([, slices]) => slices.length > 0),
    };
  }

  private async countAgain(): Promise<void> {
    const { store } = this.kernel;
    const until = this.countedSince;
    const since = until - MINUTES * MINUTE_MS;
    let from: number | undefined;
    for (let counted = 0; counted < MOST_COUNTED; counted += PAGE) {
      const range = { since, until, ...(from === undefined ? {} : { from }) };
      const found = await store.entries({ acts: true, reverse: true, limit: PAGE, ...range });
      for (const { body } of found) this.count(body as unknown as LedgerEntry);
      const last = found.at(-1);
      if (last === undefined || found.length < PAGE) {
        this.countedSince = since;
        return;
      }
      this.countedSince = Date.parse((last.body as unknown as LedgerEntry).time);
      from = last.index - 1;
    }
  }

  /** The last hour, a minute each, oldest first. */
  lastHour(): { readonly minutes: readonly DecisionMinute[]; readonly countedSince: string } {
    const now = this.kernel.now();
    const last = Math.floor(now / MINUTE_MS);
    const sums = new Map([...this.minutes].map(([minute, counts]) => [minute, { ...counts }]));
    for (const [minute, ...counted] of this.others.flatMap(({ minutes }) => minutes)) {
      const sum = sums.get(minute) ?? nothing();
      RESULTS.forEach((result, i) => (sum[result] += counted[i] ?? 0));
      sums.set(minute, sum);
    }
    const minutes = Array.from({ length: MINUTES }, (_, i) => {
      const minute = last - MINUTES + 1 + i;
      return { at: new Date(minute * MINUTE_MS).toISOString(), ...(sums.get(minute) ?? nothing()) };
    });
    const countedSince = Math.max(this.countedSince, now - MINUTES * MINUTE_MS);
    return { minutes, countedSince: new Date(countedSince).toISOString() };
  }

  /** Decisions of a task in the last minute. */
  perMinute(task: string): number {
    const oldest = Math.floor(this.kernel.now() / SLICE_MS) - SLICES;
    const elsewhere = this.others.flatMap(({ tasks }) => tasks.filter(([id]) => id === task).flatMap(([, s]) => s));
    let sum = 0;
    for (const [slice, count] of [...(this.tasks.get(task) ?? []), ...elsewhere]) if (slice > oldest) sum += count;
    return sum;
  }

  private count({ kind, time, decision, chain }: Act): void {
    if (decision === null || (kind !== "action.intent" && kind !== "decision")) return;
    const at = Date.parse(time);
    const minute = Math.floor(at / MINUTE_MS);
    const counts = this.minutes.get(minute) ?? nothing();
    counts[decision.result] += 1;
    this.minutes.set(minute, counts);
    if (this.minutes.size > 2 * MINUTES) this.forgetMinutes();
    if (chain.task !== null) this.countTask(chain.task, Math.floor(at / SLICE_MS));
  }

  private countTask(task: string, slice: number): void {
    const slices = this.tasks.get(task) ?? new Map<number, number>();
    slices.set(slice, (slices.get(slice) ?? 0) + 1);
    for (const old of slices.keys()) if (old <= slice - SLICES) slices.delete(old);
    this.tasks.set(task, slices);
    if (this.tasks.size > MOST_TASKS) this.tasks.delete(this.tasks.keys().next().value ?? "");
  }

  private forgetMinutes(): void {
    const oldest = Math.floor(this.kernel.now() / MINUTE_MS) - MINUTES;
    for (const minute of this.minutes.keys())
      if (minute < oldest || minute > oldest + 2 * MINUTES) this.minutes.delete(minute);
  }
}
