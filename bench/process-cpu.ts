import { readFileSync } from "node:fs";

/** Milliseconds of a tick of `/proc`: USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/** CPU time of a process with all its threads so far, in milliseconds; not a number where there is no `/proc`. */
export function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    // The name in brackets may hold anything; fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}
