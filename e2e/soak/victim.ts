import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Acknowledged, readLines } from "./acknowledged.ts";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));
/** How long a writer works after its start, before it is killed. */
const WORK_MS = { least: 100, most: 900 };
const START_MS = 60_000;

export interface Victim {
  readonly path: string;
  readonly privateKey: KeyObject;
  /** Where its lines go: a file that the breakage does not reach. */
  readonly lines: string;
}

/** Runs a writer, kills it with SIGKILL at a random moment of its work, and adds what it acknowledged. `after` runs at once when it is dead. */
export async function killAtWork(
  { path, privateKey, lines }: Victim,
  acknowledged: Acknowledged,
  after: () => void = () => undefined,
): Promise<void> {
  const out = openSync(lines, "w", 0o600);
  const secret = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  const child = spawn(process.execPath, [WRITER, path, secret], { stdio: ["ignore", out, "pipe"] });
  closeSync(out);
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, "exit");
  await started(child, lines, () => complaint);
  await delay(WORK_MS.least + Math.random() * (WORK_MS.most - WORK_MS.least));
  child.kill("SIGKILL");
  await ended;
  after();
  acknowledged.ready = false;
  readLines(acknowledged, readFileSync(lines, "utf8"));
  if (complaint !== "") throw new Error(`the writer complained: ${complaint.slice(0, 400)}`);
}

async function started(child: ChildProcess, lines: string, complaint: () => string): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!readFileSync(lines, "utf8").includes("\nentry ")) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`the writer did not start: ${complaint().slice(0, 400)}`);
    }
    await delay(10);
  }
}
