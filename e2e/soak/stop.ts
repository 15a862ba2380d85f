import { randomInt } from "node:crypto";
import { fakeTimeLibrary } from "../fault/cluster/wall-clock.ts";
import { FaultRun, type RoundResult } from "../fault/fault-run.ts";
import type { Loop, Round } from "./loop.ts";

/** For hours: what a company has. In CI: what two cores carry beside it. */
const LONG = { servers: 3, gateways: 20, stoppers: 6, roundMs: 60_000 };
const SHORT = { servers: 3, gateways: 4, stoppers: 4, roundMs: 40_000 };

/** Servers, gateways and database broken at random under load, while stops are asked for: nothing that was stopped may move. */
export const stop: Loop = {
  name: "stop",
  about: "kill -9, standstill, broken links and databases under load; every receipt of a stop must be true",
  rounds: 200,
  shortRounds: 1,
  obstacle: () => (fakeTimeLibrary() === null ? "no clocks to jump; install: apt-get install -y faketime" : null),
  run: rounds,
};

async function* rounds(count: number): AsyncGenerator<Round> {
  const { roundMs, ...size } = count === stop.shortRounds ? SHORT : LONG;
  const seed = Number(process.env["COUNTERSIGN_FAULT_SEED"] ?? randomInt(2 ** 31));
  const loud = process.env["COUNTERSIGN_FAULT_LOUD"] !== undefined;
  const say = (line: string): void => {
    if (loud || /^(seed|logs) /.test(line)) process.stdout.write(`    ${line}\n`);
  };
  let run: FaultRun | null = null;
  let failed = false;
  try {
    run = await FaultRun.begin({ ...size, seed, say });
    for (let round = 1; round <= count; round += 1) {
      const result = await run.round(roundMs);
      const fault = faultOf(result);
      failed ||= fault !== null;
      yield { detail: `round ${String(round)} of ${String(count)}: ${told(result)}`, fault };
    }
  } catch (error) {
    failed = true;
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    yield { detail: "a round that did not come to its end", fault };
  } finally {
    await run?.close(failed);
  }
}

function told({ stops, history, verdict, idle }: RoundResult): string {
  const took = stops.flatMap(({ receiptAt, requestedAt }) => (receiptAt === null ? [] : [receiptAt - requestedAt]));
  const leases = stops.filter(({ receipt }) => receipt?.points.some(({ how }) => how === "lease_expired"));
  return [
    `${String(stops.length)} stops (${String(leases.length)} waited for leases, longest ${Math.max(0, ...took).toFixed(0)} ms)`,
    `${String(history.disruptions.length)} things broken`,
    `${String(history.arrived.length)} calls upstream`,
    `${String(history.received.filter(({ what }) => what !== "unanswered").length)} answers`,
    `${String(verdict.underWay)} under way when stopped`,
    `${String(verdict.uncertain)} uncertain`,
    `${String(history.ledger.length)} entries`,
    `machine ${(idle * 100).toFixed(0)} % idle`,
  ].join(", ");
}

function faultOf({ verdict, ledger, stops, history }: RoundResult): string | null {
  const faults = verdict.faults.map(({ kind, detail }) => `${kind}: ${detail}`);
  if (ledger !== null) faults.push(ledger);
  // What did not move was not stopped.
  if (stops.length === 0) faults.push("there was no stop");
  if (history.arrived.length < stops.length) faults.push("there was hardly anything to stop");
  return faults.length === 0 ? null : `${String(faults.length)} faults\n${faults.slice(0, 20).join("\n")}`;
}
