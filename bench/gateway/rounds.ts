import { cpuMs } from "../process-cpu.ts";
import { median, quantile } from "../statistics.ts";
import type { Path } from "./peers.ts";

/** What the rounds of one way came to: medians over the rounds. */
export interface Timed {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of this process for one call: the official client and, where governed, the signature. */
  readonly clientCpuMs: number;
  /** CPU time of the process in between for one call, all its threads; not a number on the direct way. */
  readonly betweenCpuMs: number;
}
interface Round {
  readonly p50: number;
  readonly p99: number;
}
interface Tally {
  readonly rounds: Round[];
  calls: number;
  clientMs: number;
  betweenMs: number;
}

/** Calls after which the code of every process in the way is compiled as well as it will be. */
const WARM_CALLS = 1500;
const WARM_MS = 3000;

/** Runs the ways in turn, round after round, one call after the other; `between` is called before each round. */
export async function timedRounds(
  paths: readonly Path[],
  options: { readonly rounds: number; readonly roundMs: number; readonly between: () => void },
): Promise<readonly Timed[]> {
  const tallies = paths.map((): Tally => ({ rounds: [], calls: 0, clientMs: 0, betweenMs: 0 }));
  for (const path of paths) await warm(path);
  for (let round = 0; round < options.rounds; round += 1) {
    options.between();
    for (const [i, path] of paths.entries()) await oneRound(path, options.roundMs, tallies[i]);
  }
  return paths.map(({ name }, i) => timed(name, tallies[i]));
}

async function oneRound(path: Path, ms: number, tally: Tally | undefined): Promise<void> {
  if (tally === undefined) return;
  const before = path.pid === null ? Number.NaN : cpuMs(path.pid);
  const own = process.cpuUsage();
  const samples = await repeat(path, ms);
  const { user, system } = process.cpuUsage(own);
  tally.calls += samples.length;
  tally.clientMs += (user + system) / 1000;
  tally.betweenMs += path.pid === null ? Number.NaN : cpuMs(path.pid) - before;
  tally.rounds.push({ p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) });
}

async function warm({ call }: Path): Promise<void> {
  const end = performance.now() + WARM_MS;
  for (let calls = 0; calls < WARM_CALLS && performance.now() < end; calls += 1) await call();
}

async function repeat({ call }: Path, ms: number): Promise<readonly number[]> {
  const samples: number[] = [];
  for (const end = performance.now() + ms; performance.now() < end;) {
    const begun = performance.now();
    await call();
    samples.push(performance.now() - begun);
  }
  return samples;
}

function timed(name: string, tally: Tally | undefined): Timed {
  const { rounds, calls, clientMs, betweenMs } = tally ?? { rounds: [], calls: 0, clientMs: 0, betweenMs: 0 };
  return {
    name,
    p50Ms: median(rounds.map(({ p50 }) => p50)),
    p99Ms: median(rounds.map(({ p99 }) => p99)),
    clientCpuMs: clientMs / calls,
    betweenCpuMs: betweenMs / calls,
  };
}

/** Calls per second with so many under way, median of rounds. */
export async function throughput(
  paths: readonly Path[],
  options: { readonly rounds: number; readonly roundMs: number; readonly inFlight: number },
): Promise<readonly number[]> {
  const rates = paths.map((): number[] => []);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [i, path] of paths.entries()) {
      const begun = performance.now();
      const all = await Promise.all(
        Array.from({ length: options.inFlight }, async () => await repeat(path, options.roundMs)),
      );
      const calls = all.reduce((sum, samples) => sum + samples.length, 0);
      rates[i]?.push((calls * 1000) / (performance.now() - begun));
    }
  }
  return rates.map(median);
}
