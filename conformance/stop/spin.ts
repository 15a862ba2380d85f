import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Search } from "./searches.ts";

/** What came of one search. */
export interface Found {
  /** What was expected did not come: why, in words. */
  readonly fault: string | null;
  readonly states: number;
  readonly seconds: number;
  /** Steps of the run that was found, or how deep the search went. */
  readonly depth: number;
}

const MODEL = fileURLToPath(new URL("../../docs/protocol/stop/stop.pml", import.meta.url));
/** Longest run that is followed in one piece. */
const DEPTH = 4_000_000;
const MEMORY_MB = 2000;
const PATIENCE_MS = 280_000;

/** What is missing on this machine, with the command that installs it; null: nothing. */
export function missing(path: string): string | null {
  const absent = ["spin", "gcc"].filter((tool) => !path.split(":").some((folder) => existsSync(join(folder, tool))));
  return absent.length === 0
    ? null
    : `${absent.join(" and ")} not found; install: apt-get install -y spin gcc libc6-dev`;
}

/** Makes the verifier of one form of the model and lets it search. */
export async function search(wanted: Search): Promise<Found> {
  const folder = await mkdtemp(join(tmpdir(), "stop-model-"));
  try {
    const macros = wanted.macros.map((macro) => `-D${macro}`);
    await made("spin", [...macros, "-a", MODEL], folder);
    await made("gcc", ["-O2", "-w", ...optionsOf(wanted), "-o", "pan", "pan.c"], folder);
    const began = performance.now();
    const printed = await run(join(folder, "pan"), argumentsOf(wanted), { cwd: folder, ...wanted });
    const seconds = (performance.now() - began) / 1000;
    return { ...read(printed), seconds, fault: faultOf(wanted, printed, existsSync(join(folder, "stop.pml.trail"))) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The model is one process that chooses, so there is no order of processes to reduce. Faults are looked for breadth first: shortest runs. */
function optionsOf({ expected, boundedSeconds }: Search): readonly string[] {
  const options = ["-DSAFETY", "-DNOREDUCE", `-DMEMLIM=${String(MEMORY_MB)}`];
  if (boundedSeconds !== undefined) return [...options, "-DBITSTATE"];
  return expected === "holds" ? options : [...options, "-DBFS"];
}

function argumentsOf({ boundedSeconds }: Search): readonly string[] {
  if (boundedSeconds === undefined) return [`-m${String(DEPTH)}`, "-w22"];
  return ["-m20000", "-w30"];
}

function read(printed: string): { readonly states: number; readonly depth: number } {
  const number = (pattern: RegExp): number => Number(pattern.exec(printed)?.[1] ?? Number.NaN);
  return { states: number(/(\S+) states, stored/), depth: number(/depth reached (\d+)/) };
}

function faultOf({ expected, boundedSeconds }: Search, printed: string, trail: boolean): string | null {
  const errors = /errors: (\d+)/.exec(printed)?.[1];
  if (errors === undefined) return `the search did not end: ${printed.slice(-500)}`;
  if (expected !== "holds") return errors !== "0" && trail ? null : "found nothing";
  if (errors !== "0") return `the protocol fails: ${/pan:1: .*/.exec(printed)?.[0] ?? ""}`;
  const cut = /max search depth too small|out of memory|Search not completed|not enough memory/.exec(printed);
  return cut === null || boundedSeconds !== undefined ? null : `not every state was visited: ${cut[0]}`;
}

async function made(program: string, args: readonly string[], cwd: string): Promise<void> {
  const printed = await run(program, args, { cwd });
  if (/error/i.test(printed)) throw new Error(`${program}: ${printed.slice(0, 2000)}`);
}

/** What a program printed. One that is bounded is asked to end then, and says how far it came. */
async function run(
  program: string,
  args: readonly string[],
  { cwd, boundedSeconds }: { readonly cwd: string; readonly boundedSeconds?: number },
): Promise<string> {
  const timeout = boundedSeconds === undefined ? PATIENCE_MS : boundedSeconds * 1000;
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout, killSignal: "SIGINT" });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part: Buffer) => {
      printed = (printed + part.toString("utf8")).slice(-65_536);
    });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  return printed;
}
