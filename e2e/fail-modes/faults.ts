import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FailMode } from "@countersign/enforce";
import type { Postgres } from "../../packages/server/src/testing/index.ts";
import { eventually } from "./eventually.ts";
import type { World } from "./world.ts";

/** Breaks something for real; answers what heals it. */
export type Fault = (world: World, row: FailMode) => Promise<Heal>;
export type Heal = () => Promise<void> | void;

/** More than a lease, and less than what servers refuse. */
const JUMP_MS = 10_000;
const HOUR_MS = 3_600_000;
const NOTHING_PERMITS = `@id("nobody") permit(principal, action, resource) when { context.risk > 1000 };`;
const RULE_ERRS = `@id("ok") permit(principal, action, resource);
@id("breaks") forbid(principal, action, resource) when { context.risk + 9000000000000000 * 9000000000000000 > 0 };`;

/** One for each row. Those of a database that goes away need a world on a PostgreSQL. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  async "database-full"({ data, own }) {
    fill(data);
    // What the file of the log has room for may still be written.
    await eventually("reads on a full disk", async () => await own.reads(), isRefused);
    return () => rmSync(join(data, "ballast"));
  },
  async "ledger-files"({ data }) {
    await rename(join(data, "ledger"), join(data, "ledger-away"));
    await writeFile(join(data, "ledger"), "no folder");
    return async () => {
      await rm(join(data, "ledger"));
      await rename(join(data, "ledger-away"), join(data, "ledger"));
    };
  },
  async "spool-full"({ wire, joined }) {
    wire.cut();
    const burst = async (): Promise<readonly string[]> =>
      await Promise.all(Array.from({ length: 30 }, async () => await joined.reads()));
    await eventually("reads while nobody merges them", burst, (met) => met.some(isRefused));
    return () => wire.heal();
  },
  async "spool-disk"(world) {
    fill(world.gatewayData);
    await eventually("reads with a full spool disk", async () => await world.joined.reads(), isRefused);
    return async () => {
      rmSync(join(world.gatewayData, "ballast"));
      await world.restartGateway();
    };
  },
  "stream-cut": async ({ wire }) => {
    wire.cut();
    return await Promise.resolve(() => wire.heal());
  },
  "stream-silent": async ({ wire }) => {
    wire.silence();
    return await Promise.resolve(() => wire.heal());
  },
  "clock-forward": clock({ wall: JUMP_MS }),
  "clock-back": clock({ wall: -JUMP_MS }),
  "clock-suspend": clock({ wall: JUMP_MS, uptime: JUMP_MS }),
  async "clock-off"(world, row) {
    const heal = await clock({ wall: HOUR_MS })(world, row);
    // Renewals are refused from here on, and `doctor` says why.
    await eventually(
      "doctor",
      async () => await world.check("clocks"),
      (level) => level === "failed",
    );
    return heal;
  },
  "policy-none": async (world) => await world.publish(NOTHING_PERMITS),
  "policy-error": async (world) => await world.publish(RULE_ERRS),
  "upstream-gone": mood("gone"),
  "upstream-silent": mood("silent"),
  "upstream-garbage": mood("garbage"),
  "approvals-unrecorded": async ({ wire }) => {
    wire.cut();
    return await Promise.resolve(() => wire.heal());
  },
  "approvals-unanswered": async () => await Promise.resolve(() => undefined),
  async "database-gone"({ postgres }) {
    await postgres.kill9();
    return async () => await postgres.restart();
  },
  async "database-hangs"({ postgres }) {
    const stopped = await processesOf(postgres);
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    return () => {
      for (const pid of stopped) if (isThere(pid)) process.kill(pid, "SIGCONT");
    };
  },
};

const isRefused = (met: string): boolean => met !== "goes on";

function clock({ wall = 0, uptime = 0 }: { readonly wall?: number; readonly uptime?: number }): Fault {
  return async (world, { point }) => {
    const set = point === "own" ? world.ownClocks : world.joinedClocks;
    Object.assign(set, { wall, uptime });
    return await Promise.resolve(() => void Object.assign(set, { wall: 0, uptime: 0 }));
  };
}

function mood(which: "gone" | "silent" | "garbage"): Fault {
  return async (world) => {
    await world.mood(which);
    return async () => await world.mood("ok");
  };
}

/** Takes all space that is left on the small file system of this folder. */
function fill(folder: string): void {
  const path = join(folder, "ballast");
  for (let sizeBytes = 1 << 20; sizeBytes >= 1; sizeBytes = Math.floor(sizeBytes / 2)) {
    try {
      for (;;) writeFileSync(path, new Uint8Array(sizeBytes), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

/** The first process of a PostgreSQL and all that it has started. */
async function processesOf(postgres: Postgres): Promise<readonly number[]> {
  const [first] = await postgres.query("SELECT pg_read_file('postmaster.pid') AS text");
  const postmaster = Number(String(first?.["text"]).split("\n")[0]);
  const children = readFileSync(`/proc/${String(postmaster)}/task/${String(postmaster)}/children`, "utf8");
  return [postmaster, ...children.trim().split(" ").filter(Boolean).map(Number)];
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
