import type { Fault } from "./check.ts";
import type { History, Recorded } from "./history.ts";

/** What was told to somebody and is not in the ledger, and what is missing among its counts. */
export function ledgerFaults({ ledger, received, arrived }: History): readonly Fault[] {
  const ids = new Set(ledger.map(({ id }) => id));
  const intents = ledger.filter(({ kind, resource }) => kind === "action.intent" && resource !== null);
  const byResource = Map.groupBy(intents, ({ resource }) => resource);
  const outcomes = new Map(ledger.flatMap((entry) => (entry.kind === "action.outcome" ? [[entry.intent, entry]] : [])));
  const faults: Fault[] = [];
  for (const { what, call, agent, resource, entry } of received) {
    if (entry !== null && !ids.has(entry))
      faults.push({ kind: "lost_entry", detail: `${agent} was refused by the entry ${entry}, which is not there` });
    if (what !== "result") continue;
    const told = (byResource.get(resource) ?? []).some(({ intent }) => SEEN.has(outcomes.get(intent)?.outcome ?? ""));
    if (!told)
      faults.push({ kind: "lost_outcome", detail: `${agent} got the result of ${call}, whose outcome is not there` });
  }
  for (const { effect, call, agent, resource } of arrived)
    // INV-6: what changes something is durable before its first byte goes upstream.
    if (effect === "write" && !byResource.has(resource))
      faults.push({
        kind: "unrecorded_write",
        detail: `${call} of ${agent} came upstream, and no intent of it is there`,
      });
  return [...faults, ...gaps(ledger)];
}

/** Outcomes of which an agent may have the result. */
const SEEN: ReadonlySet<string> = new Set(["ok", "error"]);

function gaps(ledger: readonly Recorded[]): readonly Fault[] {
  const faults: Fault[] = [];
  const counts: readonly [string, (entry: Recorded) => string | null, (entry: Recorded) => number | null][] = [
    ["the ledger", () => "", ({ index }) => index + 1],
    ["point", ({ point }) => point, ({ pointSeq }) => pointSeq],
    ["task", ({ task }) => task, ({ taskSeq }) => taskSeq],
  ];
  for (const [name, groupOf, numberOf] of counts) {
    for (const [group, entries] of Map.groupBy(ledger, groupOf)) {
      if (group === null) continue;
      const numbers = entries.flatMap((entry) => numberOf(entry) ?? []);
      const wrong = numbers.findIndex((number, i) => number !== i + 1);
      if (wrong >= 0)
        faults.push({
          kind: "gap",
          detail: `${name} ${group}: ${String(numbers[wrong])} stands where ${String(wrong + 1)} belongs`,
        });
    }
  }
  return faults;
}
