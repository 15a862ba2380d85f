import type { DecisionMinute } from "@countersign/api";
import type { DecisionResult, LedgerEntry } from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import type { Store } from "../store/index.ts";

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

type Act = Pick<EntryDraft, "kind" | "time" | "decision" | "chain">;
type Counts = Record<DecisionResult, number>;

/** What was decided in the last hour, counted as it is recorded: nobody's look at it reads the ledger. */
export class Activity {
  private readonly now: () => number;
  private readonly minutes = new Map<number, Counts>();
  private readonly tasks = new Map<string, Map<number, number>>();
  private countedSince: number;

  constructor(store: Store, now: () => number) {
    this.now = now;
    this.countedSince = now();
    store.watch(({ entries = [] }) => {
      for (const { draft } of entries) this.count(draft);
    });
  }

  /** Counts again what a former run had counted: at most {@link MOST_COUNTED} acts of the last hour. */
  async begin(store: Store): Promise<void> {
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
    const now = this.now();
    const last = Math.floor(now / MINUTE_MS);
    const minutes = Array.from({ length: MINUTES }, (_, i) => {
      const minute = last - MINUTES + 1 + i;
      return {
        at: new Date(minute * MINUTE_MS).toISOString(),
        ...(this.minutes.get(minute) ?? { permit: 0, deny: 0, hold: 0 }),
      };
    });
    const countedSince = Math.max(this.countedSince, now - MINUTES * MINUTE_MS);
    return { minutes, countedSince: new Date(countedSince).toISOString() };
  }

  /** Decisions of a task in the last minute. */
  perMinute(task: string): number {
    const oldest = Math.floor(this.now() / SLICE_MS) - SLICES;
    let sum = 0;
    for (const [slice, count] of this.tasks.get(task) ?? []) if (slice > oldest) sum += count;
    return sum;
  }

  private count({ kind, time, decision, chain }: Act): void {
    if (decision === null || (kind !== "action.intent" && kind !== "decision")) return;
    const at = Date.parse(time);
    const minute = Math.floor(at / MINUTE_MS);
    const counts = this.minutes.get(minute) ?? { permit: 0, deny: 0, hold: 0 };
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
    const oldest = Math.floor(this.now() / MINUTE_MS) - MINUTES;
    for (const minute of this.minutes.keys())
      if (minute < oldest || minute > oldest + 2 * MINUTES) this.minutes.delete(minute);
  }
}
