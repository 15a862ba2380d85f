import { fixed, table } from "../table.ts";
import type { CoreRates } from "./core.ts";
import type { TransportRates } from "./gateway.ts";

/** The bars that the figures are held against. */
const RATIO_BAR = 2;
const CORE_BAR = 1500;
const GOAL_US = 100;

export function printTransport({ timed, proxyPerSecond, governedPerSecond }: TransportRates, syncMs: number): void {
  const rows = timed.map(({ name, p50Ms, p99Ms, clientCpuMs, betweenCpuMs }) => {
    const proxy = timed.find((other) => other.name === `${name.split(" ", 1)[0] ?? ""} proxy`);
    const ratio = name.endsWith("governed") ? p50Ms / (proxy?.p50Ms ?? Number.NaN) : Number.NaN;
    return [name, fixed(p50Ms, 3), fixed(p99Ms, 3), fixed(ratio, 2), fixed(clientCpuMs, 3), fixed(betweenCpuMs, 3)];
  });
  const head = ["one call after the other", "p50 ms", "p99 ms", "÷ proxy", "client CPU ms", "between CPU ms"];
  print(`${table(head, rows)}\n`);
  print(`Bar: governed p50 at most ${fixed(RATIO_BAR, 1)} × proxy p50.`);
  print(`16 calls under way: proxy ${fixed(proxyPerSecond, 0)}/s, governed ${fixed(governedPerSecond, 0)}/s.`);
  print(`Sync time of the disk (4 KiB written and synced, median): ${fixed(syncMs, 3)} ms.\n`);
}

export function printCore({ perCpuSecond, perSecond, wholeUs, restUs, restMainUs, cedarUs }: CoreRates): void {
  const rows = [
    ["whole governed action", fixed(wholeUs, 0), fixed(perCpuSecond, 0)],
    ["  policies (Cedar)", fixed(cedarUs, 0), ""],
    ["  the rest", fixed(restUs, 0), fixed(1e6 / restUs, 0)],
    ["    main thread: decide, draft, commit, seal, pack", fixed(restMainUs, 0), ""],
    ["    other threads: transaction, sync, ledger", fixed(restUs - restMainUs, 0), ""],
  ];
  print(table(["in process, 64 under way, no transport", "CPU µs each", "per CPU second"], rows));
  print(`\nBars: ${String(CORE_BAR)} whole actions per CPU second; the rest below ${String(GOAL_US)} µs.`);
  print(`Wall clock: ${fixed(perSecond, 0)} actions per second.`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
