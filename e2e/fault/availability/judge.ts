import type { Received, Recorded } from "../check/history.ts";

/** Something that service rests on was taken away. Times as in {@link Received}. */
export interface Outage {
  readonly what: string;
  readonly from: number;
  /** From here on there is again all that service needs: for a server that is gone at once, for a database when another is the primary. */
  readonly until: number;
  /** Whether it takes a new primary. */
  readonly failover: boolean;
}

/** The receipt of a stop, as whoever asked for it got it. */
export interface KeptReceipt {
  readonly requestedAt: number;
  readonly brake: string;
  readonly generation: number;
  readonly entryIndex: number;
}

export interface Seen {
  readonly received: readonly Received[];
  readonly receipts: readonly KeptReceipt[];
  readonly outages: readonly Outage[];
  readonly ledger: readonly Recorded[];
}

export interface AvailabilityFault {
  readonly kind: "false_denial" | "unanswered" | "not_served" | "lost_receipt" | "generation";
  readonly detail: string;
}

/** What an enforcement point may refuse with while something is away: everybody's work was permitted, so any other refusal is wrong at any time. */
const AWAY: ReadonlySet<string> = new Set(["lease.lost", "ledger.unavailable"]);

/**
 * Judges what agents and callers saw while parts were taken away, all of whose work was permitted. A refusal for want of a lease or of the
 * ledger is allowed from the moment that something was taken until `graceMs` (one lease and its margin) after there was again all that is needed.
 */
export function judge(seen: Seen, graceMs: number): readonly AvailabilityFault[] {
  return [...denials(seen, graceMs), ...notServed(seen, graceMs), ...lostReceipts(seen), ...generations(seen)];
}

function denials({ received, outages }: Seen, graceMs: number): readonly AvailabilityFault[] {
  return received.flatMap(({ what, code, reason, call, at, notBefore }): readonly AvailabilityFault[] => {
    // The gateways live all the time: they owe an answer to everybody.
    if (what === "unanswered") return [{ kind: "unanswered", detail: `${call}: ${String(reason)}` }];
    if (what === "result") return [];
    const allowed = outages.some(({ from, until }) => at >= from && notBefore <= until + graceMs);
    if (allowed && AWAY.has(code ?? "")) return [];
    return [
      {
        kind: "false_denial",
        detail: `${call} was refused with ${String(code)}, ${since(at, outages)} (${String(reason)})`,
      },
    ];
  });
}

/** Who worked before goes on after it: each task, and at each place reads and writes. */
function notServed({ received, outages }: Seen, graceMs: number): readonly AvailabilityFault[] {
  const results = received.filter(({ what }) => what === "result");
  const groups = (of: readonly Received[]): ReadonlySet<string> =>
    new Set(of.flatMap(({ task, agent, effect }) => [`task ${task}`, `${effect}s of ${agent}`]));
  return outages.flatMap(({ what, from, until }) => {
    const after = groups(results.filter(({ begunAt }) => begunAt >= until + graceMs));
    const before = groups(received.filter(({ begunAt }) => begunAt < from));
    return [...before]
      .filter((group) => !after.has(group))
      .map((group): AvailabilityFault => ({ kind: "not_served", detail: `${group}: nothing more after ${what}` }));
  });
}

function lostReceipts({ receipts, ledger }: Seen): readonly AvailabilityFault[] {
  const ofBrakes = ledger.filter(({ kind }) => kind === "brake");
  return receipts
    .filter(({ brake, entryIndex }) => {
      const isSettled = ofBrakes.some(({ index, resource }) => resource === brake && index > entryIndex);
      return ledger[entryIndex]?.kind !== "brake" || !isSettled;
    })
    .map(({ brake, entryIndex }) => ({
      kind: "lost_receipt",
      detail: `the receipt of ${brake} names the entry ${String(entryIndex)}, and the ledger does not have it or not its settlement`,
    }));
}

/** It rises with each new primary, and never falls. */
function generations({ receipts, outages }: Seen): readonly AvailabilityFault[] {
  const faults: AvailabilityFault[] = [];
  const wrong = (detail: string): void => void faults.push({ kind: "generation", detail });
  for (const { what, from, until } of outages.filter(({ failover }) => failover)) {
    const before = receipts.filter(({ requestedAt }) => requestedAt < from).map(({ generation }) => generation);
    const after = receipts.filter(({ requestedAt }) => requestedAt >= until).map(({ generation }) => generation);
    if (before.length === 0 || after.length === 0) wrong(`no receipts from before and after ${what}`);
    else if (Math.min(...after) <= Math.max(...before))
      wrong(`${String(Math.min(...after))} after ${what}, ${String(Math.max(...before))} before it`);
  }
  return faults;
}

function since(at: number, outages: readonly Outage[]): string {
  const last = outages.filter(({ from }) => from <= at).at(-1);
  if (last === undefined) return "before anything was taken away";
  return `${(at - last.until).toFixed(0)} ms after there was again all that is needed after ${last.what}`;
}
