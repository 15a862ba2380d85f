import type { Call, History, Sighting, Stop } from "./history.ts";
import { ledgerFaults } from "./ledger-faults.ts";

/** Something that must never be. */
export interface Fault {
  readonly kind:
    | "byte_upstream"
    | "byte_to_agent"
    | "receipt_of_nothing"
    | "endless_stop"
    | "lost_entry"
    | "lost_outcome"
    | "unrecorded_write"
    | "gap";
  readonly detail: string;
}

/** How long a stop may take while nothing is broken that it needs. */
export interface Patience {
  readonly leaseMs: number;
  readonly slackMs: number;
}

/** What came of a history. */
export interface Verdict {
  readonly faults: readonly Fault[];
  /** Bytes of which it cannot be said whether they came before or after a receipt. */
  readonly uncertain: number;
  /** Bytes of what a stop covers that came while it was under way: they show that there was something to stop. */
  readonly underWay: number;
}

/** Judges a history by what the upstream, the agents and the callers of stops saw, and by the ledger: nothing that a point says of itself. */
export function check(history: History, patience: Patience): Verdict {
  const [faults, counts] = [[] as Fault[], { uncertain: 0, underWay: 0 }];
  const results = history.received.filter(({ what }) => what === "result");
  for (const stop of history.stops) {
    for (const seen of history.arrived) judge("byte_upstream", stop, seen);
    for (const seen of results) judge("byte_to_agent", stop, seen);
  }
  function judge(kind: Fault["kind"], stop: Stop, seen: Call & Sighting): void {
    if (!covers(stop, seen)) return;
    const when = place(stop, seen);
    if (when === "after") faults.push({ kind, detail: told(stop, seen) });
    if (when === "uncertain") counts.uncertain += 1;
    if (when === "under_way") counts.underWay += 1;
  }
  faults.push(...history.stops.flatMap((stop) => stopFaults(stop, history, patience)), ...ledgerFaults(history));
  return { faults, ...counts };
}

type Place = "before" | "under_way" | "uncertain" | "after" | "thawed";

/** Where the last byte of something stands to a stop that covers it. */
function place({ requestedAt, receiptAt, thawedAt }: Stop, { notBefore, at }: Sighting): Place {
  if (at < requestedAt) return "before";
  if (receiptAt === null || at <= receiptAt) return "under_way";
  if (thawedAt !== null && at >= thawedAt) return notBefore >= thawedAt ? "thawed" : "uncertain";
  return notBefore > receiptAt ? "after" : "uncertain";
}

function covers({ scope: { type, value } }: Stop, call: Call): boolean {
  switch (type) {
    case "all":
      return true;
    case "agent":
      return call.agent === value;
    case "owner":
      return call.human === value;
    case "device":
      return call.device === value;
    case "task":
      return call.task === value;
    case "resource":
      return value.endsWith("/**") ? call.resource.startsWith(value.slice(0, -2)) : call.resource === value;
    default:
      return type satisfies never;
  }
}

function stopFaults(stop: Stop, { disruptions, endedAt }: History, patience: Patience): readonly Fault[] {
  const { brake, requestedAt, receiptAt, receipt } = stop;
  const faults: Fault[] = [];
  // Whatever it needs was broken meanwhile: time is counted from when that was whole again.
  let calm = requestedAt;
  const most = patience.leaseMs + patience.slackMs;
  for (const { from, until, control } of disruptions.toSorted((a, b) => a.from - b.from))
    if (control && from <= calm + most && until > calm) calm = until;
  const end = receiptAt ?? endedAt;
  if (end > calm + most)
    faults.push({
      kind: "endless_stop",
      detail: `${brake} ${receiptAt === null ? "has no receipt" : "took"} ${ms(end - requestedAt)}, ${ms(end - calm)} of them with nothing broken`,
    });
  if (receiptAt !== null && (receipt?.state !== "stopped" || receipt.points.length === 0))
    faults.push({ kind: "receipt_of_nothing", detail: `${brake}: ${JSON.stringify(receipt)}` });
  return faults;
}

function told({ brake, scope, receiptAt }: Stop, { call, agent, resource, notBefore, at }: Call & Sighting): string {
  const after = ms(notBefore - (receiptAt ?? 0));
  return `${call} of ${agent} on ${resource} came at least ${after} after the receipt of ${brake} (${scope.type} ${scope.value}), seen at ${ms(at)}`;
}

const ms = (time: number): string => `${time.toFixed(1)} ms`;
