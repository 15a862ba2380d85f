import { randomInt } from "node:crypto";
import {
  type AvailabilityOptions,
  type AvailabilityResult,
  GRACE_MS,
  availabilityRound,
} from "../fault/availability/availability-run.ts";
import { BUSY } from "../fault/idle-time.ts";
import type { Loop, Round } from "./loop.ts";

/** Operators promote at once, or later than a lease lasts; and primaries end with an error at every connection, or with silence. */
const FAILOVERS = [
  { promoteAfterMs: 6000, silently: false },
  { promoteAfterMs: 1000, silently: true },
  { promoteAfterMs: 0, silently: false },
];
const LONG = { servers: 3, gateways: 6, kills: 3 };
const SHORT = { servers: 3, gateways: 3, kills: 1 };
/** What rests on time, and can be judged only where the machine has some left. */
const OF_TIME: ReadonlySet<string> = new Set(["false_denial", "unanswered", "not_served"]);
const MOST_TRIES = 3;

/** Servers and the primary of the database taken away under load: who works notices for one lease at most, and nothing that was acknowledged is lost. */
export const availability: Loop = {
  name: "availability",
  about:
    "kill -9 of a server, and of the primary with its standby promoted, under load; no false denial, no entry lost",
  rounds: 20,
  shortRounds: 1,
  obstacle: () => null,
  run: rounds,
};

async function* rounds(count: number): AsyncGenerator<Round> {
  const size = count === availability.shortRounds ? SHORT : LONG;
  const first = Number(process.env["COUNTERSIGN_FAULT_SEED"] ?? randomInt(2 ** 31));
  for (let round = 0; round < count; round += 1) {
    const detail = `round ${String(round + 1)} of ${String(count)}`;
    const failover = FAILOVERS[round % FAILOVERS.length] ?? FAILOVERS[0]!;
    try {
      const result = await judgeable({ ...size, ...failover, seed: first + round, say });
      const faults = result.faults.map((fault) => `${fault.kind}: ${fault.detail}`);
      const fault = faults.length === 0 ? null : `${String(faults.length)} faults\n${faults.slice(0, 20).join("\n")}`;
      yield { detail: `${detail}: ${told(result)}`, fault };
    } catch (error) {
      yield { detail, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
      return;
    }
  }
}

/** A round; once more when nothing was lost, but who was served when cannot be judged because the machine had no time left. */
async function judgeable(options: AvailabilityOptions): Promise<AvailabilityResult> {
  for (let tries = 1; ; tries += 1) {
    const result = await availabilityRound(options);
    const { faults, idle } = result;
    const isOfTime = faults.length > 0 && faults.every(({ kind }) => OF_TIME.has(kind));
    if (!isOfTime || idle >= BUSY || tries >= MOST_TRIES) return result;
    say(`the machine was busy with other things (${percent(idle)} idle): again; it was ${JSON.stringify(faults[0])}`);
  }
}

function say(line: string): void {
  process.stdout.write(`    ${line}\n`);
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function told({ received, outages, promotionMs, ...counts }: AvailabilityResult): string {
  const results = received.filter(({ what }) => what === "result").length;
  return [
    `${String(results)} answers`,
    ...outages.map((outage) => deniedBy(outage, received)),
    `promoted in ${promotionMs.toFixed(0)} ms`,
    `machine ${percent(counts.idle)} idle`,
    `${String(counts.receipts)} receipts, ${String(counts.checkpoints)} checkpoints and ${String(counts.entries)} entries, all there`,
  ].join("; ");
}

function deniedBy(
  { what, from, until }: AvailabilityResult["outages"][number],
  received: AvailabilityResult["received"],
): string {
  const denied = received.filter((one) => one.what !== "result" && one.at >= from && one.at <= until + GRACE_MS);
  const last = Math.max(0, ...denied.map(({ at }) => at - until));
  return `${what}: ${String(denied.length)} denied, the last ${last.toFixed(0)} ms after all was there again`;
}
