import type { Act, ActPage } from "@countersign/api";
import { type LedgerEntry, severalOf } from "@countersign/core";
import { type NamedParts, Names } from "../names.ts";
import type { EntryQuery, Store, StoredEntry } from "../store/index.ts";

const MOST_ACTS = 1000;

export interface WhoQuery extends Pick<EntryQuery, "resource" | "agent" | "task" | "since" | "until"> {
  readonly limit: number;
  /** Only acts before this index. */
  readonly before?: number;
}

/** What was done, tried, held or refused, newest first, with the names that are known now: the ledger itself holds ids. */
export async function who(kernel: NamedParts, { limit, before, ...where }: WhoQuery): Promise<ActPage> {
  const wanted = Math.min(Math.max(1, limit), MOST_ACTS);
  const from = before === undefined ? {} : { from: before - 1 };
  const found = await kernel.store.entries({ ...where, ...from, acts: true, reverse: true, limit: wanted + 1 });
  const page = found.slice(0, wanted);
  const names = new Names(kernel);
  const acts = await Promise.all(page.map(async (entry) => await actOf(kernel.store, entry, names)));
  return { acts, next: found.length > wanted ? String(page.at(-1)?.index ?? 0) : null };
}

async function actOf(store: Store, { index, body }: StoredEntry, names: Names): Promise<Act> {
  const entry = body as unknown as LedgerEntry;
  const { id, time, chain, action, resource, effect, decision, approval } = entry;
  const [known, outcome] = await Promise.all([names.chain(chain), outcomeOf(store, entry)]);
  return {
    id,
    index,
    time,
    ...chain,
    names: known,
    action,
    resource,
    ...severalOf(entry),
    effect,
    decision: decision === null ? null : { result: decision.result, step: decision.step, code: decision.code },
    outcome,
    approval: approval ?? null,
  };
}

/** How an intent ended; null while it is under way, and for what was refused. */
async function outcomeOf(store: Store, { kind, intent }: LedgerEntry): Promise<string | null> {
  if (intent === undefined || kind !== "action.intent") return null;
  // A gateway that was taken for gone may tell later how it ended: its word is the last.
  const [found] = await store.entries({ intent, kind: "action.outcome", limit: 1, reverse: true });
  return (found?.body as unknown as LedgerEntry | undefined)?.outcome?.status ?? null;
}
