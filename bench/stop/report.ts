import { quantile } from "../statistics.ts";
import { fixed, table } from "../table.ts";
import type { Ends, StopTimes } from "./stop.ts";

/** The bars that the figures are held against: against the bare fan-out at 100 points, and by themselves. */
const RATIO_BAR = 2.5;
const QUIET_BAR_MS = 25;
const OFFBOARD_BAR_MS = 1000;
const LEASE_AND_MARGIN_MS = 3500;

export function printStops(times: readonly StopTimes[], { offboarded, unreachableMs }: Ends): void {
  const both = (samples: readonly number[]): readonly [string, string] => [
    fixed(quantile(samples, 0.5), 2),
    fixed(quantile(samples, 0.99), 2),
  ];
  const rows = times.map(({ points, raw, idle, loaded, lastEffect }) => [
    String(points),
    ...both(raw),
    ...both(idle),
    fixed(quantile(idle, 0.99) / quantile(raw, 0.99), 2),
    ...both(loaded),
    fixed(quantile(lastEffect, 0.99), 2),
  ]);
  const head = [
    "points",
    "TCP p50 ms",
    "p99",
    "stop p50 ms",
    "p99",
    "÷ TCP p99",
    "loaded p50 ms",
    "p99",
    "last effect p99",
  ];
  print(`\n${table(head, rows)}\n`);
  print(
    `Bars: at 100 points p99 at most ${String(RATIO_BAR)} × bare TCP, or ${String(QUIET_BAR_MS)} ms on a quiet machine.`,
  );
  const ends = Object.entries(offboarded).map(([agents, ms]) => `${agents} agents ${fixed(ms, 0)} ms`);
  print(`A person is off-boarded: ${ends.join(", ")} (bar: ${String(OFFBOARD_BAR_MS)} ms for 10000).`);
  print(
    `With a point that is silent: ${fixed(unreachableMs, 0)} ms (lease and margin: ${String(LEASE_AND_MARGIN_MS)} ms).`,
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
