import type { AnyRecord, IntentId } from "@countersign/core";
import type { Disposition, LiveAction } from "./live.ts";

/** How long a stop waits for the upstream of an action that was already sent (design 7). */
const SENT_WAIT_MS = 1000;
/** Stops whose actions are remembered. */
const MOST_STOPS = 100;

/** What stops cut at this point. A stop may be told twice, by servers that do not know of each other: each is answered alike. */
export class Stops {
  private readonly cut = new Map<string, ReadonlySet<LiveAction>>();

  /** What became of the actions that these changes ended, now or when they were told before. */
  async dispositions(
    records: readonly AnyRecord[],
    ended: readonly LiveAction[],
  ): Promise<readonly { readonly intent: IntentId; readonly disposition: Disposition }[]> {
    const known = this.remember(records, ended);
    const told = await Promise.all(
      [...known].map(async (action) => ({ disposition: await action.disposed(SENT_WAIT_MS), intent: action.intent })),
    );
    return told.flatMap(({ intent, disposition }) => (intent === null ? [] : [{ intent, disposition }]));
  }

  private remember(records: readonly AnyRecord[], ended: readonly LiveAction[]): ReadonlySet<LiveAction> {
    const all = new Set(ended);
    for (const { kind, id, state } of records) {
      if (kind !== "brake" || state.status !== "active") continue;
      for (const action of this.cut.get(id) ?? []) all.add(action);
      if (all.size > 0) this.cut.set(id, all);
    }
    for (const id of this.cut.keys()) {
      if (this.cut.size <= MOST_STOPS) break;
      this.cut.delete(id);
    }
    return all;
  }
}
