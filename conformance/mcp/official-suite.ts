import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** Revisions whose requirements the suite has frozen. */
export const REVISIONS = ["2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof REVISIONS)[number];

export type Status = "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
export interface Check {
  readonly id: string;
  readonly status: Status;
  readonly errorMessage?: string;
}
/** Checks by scenario. */
export type Scenarios = ReadonlyMap<string, readonly Check[]>;

const SUITE = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"));
const REQUIREMENTS = fileURLToPath(new URL("../requirements/", `file://${SUITE}`));
const PATIENCE_MS = 180_000;

/** Scenarios that a revision requires of a server. */
export async function required(revision: Revision): Promise<readonly string[]> {
  const { server } = parse(await readFile(join(REQUIREMENTS, `${revision}.yaml`), "utf8")) as { server: string[] };
  return server;
}

/** Runs the server leg against an address. @throws Error with what it printed when it brought no results */
export async function runSuite(url: string, revision: Revision): Promise<Scenarios> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  try {
    const printed = await run(["server", "--url", url, "--requirements", revision, "-o", folder]);
    const scenarios = await results(folder);
    if (scenarios.size === 0) throw new Error(printed);
    return scenarios;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [SUITE, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part: Buffer) => {
      printed = (printed + part.toString("utf8")).slice(-65_536);
    });
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
  return printed;
}

/** Folders are named `server-SCENARIO-TIME`. */
async function results(folder: string): Promise<Scenarios> {
  const found = new Map<string, readonly Check[]>();
  for (const name of await readdir(folder)) {
    const scenario = /^server-(.*)-\d{4}-\d{2}-\d{2}T/.exec(name)?.[1];
    if (scenario === undefined) continue;
    found.set(scenario, JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8")) as Check[]);
  }
  return found;
}
