import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Way } from "./guarded-database.ts";

export interface Load {
  /** `S`: one SELECT; `N`: UPDATE, SELECT, UPDATE, INSERT in one transaction. */
  readonly script: "S" | "N";
  readonly mode: "simple" | "extended" | "prepared";
  readonly clients: number;
  readonly seconds: number;
}
export interface Measured {
  /** Of each transaction, in ms. */
  readonly latencies: readonly number[];
  readonly perSecond: number;
}

const run = promisify(execFile);

/** @throws Error with what pgbench said */
export async function runPgbench(way: Way, args: readonly string[]): Promise<string> {
  const { stdout } = await run("pgbench", [...args], { env: way, timeout: 300_000 });
  return stdout;
}

/** Runs a load on one way; the latency of every transaction is kept. @throws Error when one failed */
export async function measured(way: Way, { script, mode, clients, seconds }: Load): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-pgbench-"));
  try {
    const log = ["--log", "--log-prefix", join(folder, "log")];
    const size = ["-c", String(clients), "-j", "1", "-T", String(seconds)];
    const said = await runPgbench(way, ["-n", `-${script}`, "-M", mode, ...size, ...log]);
    const perSecond = Number(/tps = ([0-9.]+)/.exec(said)?.[1]);
    if (!said.includes("number of failed transactions: 0") || !(perSecond > 0)) throw new Error(said);
    const files = await Promise.all(
      (await readdir(folder)).map(async (name) => await readFile(join(folder, name), "utf8")),
    );
    // client, number, latency in µs, script, time in s and µs
    const latencies = files.flatMap((file) =>
      file
        .trimEnd()
        .split("\n")
        .map((line) => Number(line.split(" ")[2]) / 1000),
    );
    return { latencies, perSecond };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
