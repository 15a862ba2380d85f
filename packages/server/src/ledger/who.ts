import type { IntentId, Json, JsonObject } from "@countersign/core";
import type { Store, StoredEntry } from "../store/index.ts";

/** Entries that are looked at for each act that is wanted: an intent has an outcome, and may have been held. */
const LOOK = 4;
const MAX_ACTS = 1000;

/** One thing that was done, tried or refused, with the whole chain in its entry. */
export interface Act {
  /** An `action.intent`, or the `decision` that refused or held a try. */
  readonly entry: StoredEntry;
  /** The outcome of an intent; null while it is under way, and for a refusal. */
  readonly outcome: StoredEntry | null;
}
export interface WhoQuery {
  /** A resource name, or a pattern. */
  readonly resource: string;
  readonly limit: number;
  /** Only acts before this index. */
  readonly before?: number;
}

/** Who did what to a resource, newest first. At most 1,000 acts; ask on with `before` = the index of the last one. */
export async function who(store: Store, { resource, limit, before }: WhoQuery): Promise<readonly Act[]> {
  const wanted = Math.min(Math.max(0, limit), MAX_ACTS);
  const acts: Act[] = [];
  let from = before === undefined ? undefined : before - 1;
  while (acts.length < wanted && (from === undefined || from >= 0)) {
    const found = await store.entries({
      resource,
      reverse: true,
      limit: wanted * LOOK,
      ...(from === undefined ? {} : { from }),
    });
    for (const entry of found.filter(isAct).slice(0, wanted - acts.length))
      acts.push({ entry, outcome: await outcomeOf(store, entry) });
    const last = found.at(-1);
    if (last === undefined || found.length < wanted * LOOK) break;
    from = last.index - 1;
  }
  return acts;
}

function isAct({ body }: StoredEntry): boolean {
  const kind = member(body, "kind");
  return kind === "action.intent" || kind === "decision";
}

async function outcomeOf(store: Store, { body }: StoredEntry): Promise<StoredEntry | null> {
  const intent = member(body, "intent");
  if (typeof intent !== "string" || member(body, "kind") !== "action.intent") return null;
  const found = await store.entries({ intent: intent as IntentId, kind: "action.outcome", limit: 1 });
  return found[0] ?? null;
}

function member(body: Json, name: string): Json | undefined {
  return (body as JsonObject)[name];
}
