import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LedgerEntry } from "@countersign/core";
import { type Acknowledged, nothingYet, readLines } from "./acknowledged.ts";
import { mergeAll, RemotePoint } from "./remote-point.ts";
import type { Loop, Round } from "./loop.ts";
import { onImage, powerCut } from "./power-cut.ts";

const WRITER = fileURLToPath(new URL("./spool-writer.ts", import.meta.url));
/** How long a writer works after its first acknowledgement. */
const WORK_MS = { least: 100, most: 900 };
const START_MS = 60_000;

/**
 * A point's spool, broken again and again: its process killed, and every other time the power cut (where this machine can do that). What was
 * acknowledged must be merged into a real ledger, once and in order, with chain and signatures that a stranger verifies.
 */
export const spool: Loop = {
  name: "spool",
  about: "kill -9 and power cuts of a remote point while it spools, then merge into the ledger",
  rounds: 20,
  shortRounds: 4,
  obstacle: () => null,
  run: rounds,
};

async function* rounds(count: number): AsyncGenerator<Round> {
  const cuts = powerCut.obstacle() === null;
  const folder = mkdtempSync(join(tmpdir(), "countersign-spool-soak-"));
  await using point = await RemotePoint.open();
  const acknowledged = nothingYet();
  try {
    for (let round = 1; round <= count; round += 1) {
      const isCut = cuts && round % 2 === 0;
      const detail = `${isCut ? "power cut" : "kill"} ${String(round)} of ${String(count)}`;
      try {
        yield {
          detail: `${detail}: ${isCut ? await cutOnce(folder) : await killOnce(folder, point, acknowledged)}`,
          fault: null,
        };
      } catch (error) {
        yield { detail, fault: error instanceof Error ? error.message : String(error) };
        return;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Always the same spool and ledger: what one process left is merged, and the next one goes on behind it. */
async function killOnce(folder: string, point: RemotePoint, acknowledged: Acknowledged): Promise<string> {
  const before = acknowledged.entries.size;
  const directory = join(folder, "kill");
  await workUntilKilled({ directory, lines: join(folder, "lines"), point, acknowledged });
  const merged = await mergeAll(point, directory);
  await compare(point, acknowledged);
  return `${String(acknowledged.entries.size - before)} acknowledged, ${String(merged)} merged`;
}

/** A file system of its own: whatever was never synced is absent from what is looked at. */
async function cutOnce(folder: string): Promise<string> {
  await using point = await RemotePoint.open();
  const acknowledged = nothingYet();
  const place = mkdtempSync(join(folder, "cut-"));
  return await onImage(place, {
    async work(mounted, cut) {
      const directory = join(mounted, "point");
      await workUntilKilled({ directory, lines: join(place, "lines"), point, acknowledged, after: cut });
    },
    async look(mounted) {
      const merged = await mergeAll(point, join(mounted, "point"));
      await compare(point, acknowledged);
      return `${String(acknowledged.entries.size)} acknowledged, ${String(merged)} merged`;
    },
  });
}

interface Victim {
  readonly directory: string;
  readonly lines: string;
  readonly point: RemotePoint;
  readonly acknowledged: Acknowledged;
  /** Runs at once when it is dead. */
  readonly after?: () => void;
}

async function workUntilKilled({ directory, lines, point, acknowledged, after }: Victim): Promise<void> {
  const out = openSync(lines, "w", 0o600);
  const args = [WRITER, directory, point.id, JSON.stringify(point.chain)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", out, "pipe"] });
  closeSync(out);
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, "exit");
  const deadline = performance.now() + START_MS;
  while (!readFileSync(lines, "utf8").includes("\nentry ")) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`the writer did not start: ${complaint.slice(0, 400)}`);
    await delay(10);
  }
  await delay(WORK_MS.least + Math.random() * (WORK_MS.most - WORK_MS.least));
  child.kill("SIGKILL");
  await ended;
  after?.();
  readLines(acknowledged, readFileSync(lines, "utf8"));
  if (complaint !== "") throw new Error(`the writer complained: ${complaint.slice(0, 400)}`);
}

/** @throws Error with the first thing that is missing or wrong */
async function compare(point: RemotePoint, { entries: acknowledged }: Acknowledged): Promise<void> {
  const entries = await point.entries();
  const known = new Set(entries.map(({ id }) => id as string));
  const lost = [...acknowledged.keys()].find((id) => !known.has(id));
  if (lost !== undefined) throw new Error(`the acknowledged entry ${lost} is not in the ledger`);
  if (known.size !== entries.length) throw new Error("an entry is in the ledger twice");
  const begun = new Set<string>();
  for (const entry of entries)
    if (!inOrder(entry, begun)) throw new Error(`the outcome ${entry.id} stands before its intent`);
  const [remark] = await point.remarks();
  if (remark !== undefined) throw new Error(`a stranger finds: ${JSON.stringify(remark)}`);
}

function inOrder({ kind, intent = "int_" }: LedgerEntry, begun: Set<string>): boolean {
  if (kind === "action.intent") begun.add(intent);
  return kind !== "action.outcome" || begun.has(intent);
}
