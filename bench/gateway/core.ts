import { fileURLToPath } from "node:url";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "../child.ts";
import { median } from "../statistics.ts";

const CORE = fileURLToPath(new URL("core-process.ts", import.meta.url));
const ROUNDS = 5;
const ROUND_MS = 800;

/** One round of whole governed actions in process. */
export interface CoreRound {
  readonly actions: number;
  /** All threads of the process, user and system. */
  readonly cpuSeconds: number;
  /** The main thread alone. */
  readonly mainSeconds: number;
  readonly wallSeconds: number;
}
export interface CoreRounds {
  readonly cedar: readonly CoreRound[];
  /** The same with an evaluator that always permits: what is left is everything besides Cedar. */
  readonly constant: readonly CoreRound[];
}
export interface CoreRates {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  /** CPU microseconds of one action. */
  readonly wholeUs: number;
  readonly restUs: number;
  readonly restMainUs: number;
  readonly cedarUs: number;
}

/** Measures whole governed actions in a process of their own, so that `process.cpuUsage` counts nothing else. */
export async function coreRates(folder: string): Promise<CoreRates> {
  const place = join(folder, "core");
  await mkdir(place);
  const child = await startChild<CoreRounds>([process.execPath, CORE, place, String(ROUNDS), String(ROUND_MS)]);
  await child.end();
  const { cedar, constant } = child.ready;
  const wholeUs = median(cedar.map(cpuUs));
  const restUs = median(constant.map(cpuUs));
  return {
    perCpuSecond: 1e6 / wholeUs,
    perSecond: median(cedar.map(({ actions, wallSeconds }) => actions / wallSeconds)),
    wholeUs,
    restUs,
    restMainUs: median(constant.map(({ mainSeconds, actions }) => (mainSeconds * 1e6) / actions)),
    cedarUs: wholeUs - restUs,
  };
}

function cpuUs({ cpuSeconds, actions }: CoreRound): number {
  return (cpuSeconds * 1e6) / actions;
}
