import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAIL_MODES, type FailMode, type Met } from "@countersign/enforce";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres } from "../packages/server/src/testing/index.ts";
import { eventually } from "./fail-modes/eventually.ts";
import { FAULTS, type Fault } from "./fail-modes/faults.ts";
import { type Actor, World, type WorldOptions } from "./fail-modes/world.ts";
import { verifies } from "./support/invariants.ts";

const LONG = 300_000;
/** Frames that the spool of the gateway takes; an action takes up to two entries. */
const SPOOL_ENTRIES = 100;
const isRoot = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;
const NEEDS_ROOT = new Set(["database-full", "spool-disk"]);
if (!isRoot)
  process.stderr.write("\nSKIPPED: full disks were not tried, because mounting a small file system needs root.\n\n");

const canBreak = ({ id }: FailMode): boolean => isRoot || !NEEDS_ROOT.has(id);

/** Rows that are broken one after the other in one installation, beside those of the others. */
interface Lane {
  readonly name: string;
  readonly on: "a small disk" | "a disk" | "a PostgreSQL";
  readonly ids: readonly string[];
}
const LANES: readonly Lane[] = [
  { name: "disks", on: "a small disk", ids: ["database-full", "spool-disk"] },
  { name: "links and clocks", on: "a disk", ids: ["stream-", "clock-"] },
  {
    name: "ledger, approvals, policies, upstreams",
    on: "a disk",
    ids: ["ledger-", "spool-full", "approvals-", "policy-", "upstream-"],
  },
  { name: "no database", on: "a PostgreSQL", ids: ["database-gone"] },
  { name: "a silent database", on: "a PostgreSQL", ids: ["database-hangs"] },
];
const isOf =
  ({ ids }: Lane) =>
  ({ id }: FailMode): boolean =>
    ids.some((start) => id.startsWith(start));

it("has a way to break each row, and no other, and a lane for each", () => {
  expect(new Set(FAIL_MODES.map(({ id }) => id))).toEqual(new Set(Object.keys(FAULTS)));
  expect(new Set(FAIL_MODES.map(({ id, point }) => `${id} ${point}`)).size).toBe(FAIL_MODES.length);
  expect(FAIL_MODES.filter((row) => LANES.filter((lane) => isOf(lane)(row)).length !== 1)).toEqual([]);
});

describe.each(LANES)("$name", { concurrent: true }, (lane) => {
  let world: World;
  const undo: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    world = await World.create({ ...(await place(lane.on, undo)), spoolEntries: SPOOL_ENTRIES });
  }, LONG);
  afterAll(async () => {
    await world.close();
    for (const step of undo) await step();
  }, LONG);

  it.each(FAIL_MODES.filter((row) => isOf(lane)(row) && canBreak(row)))(
    "$dependency $fault ($point)",
    { ...verifies("INV-2"), timeout: LONG, concurrent: false },
    async (row) => expect(await deviations(world, row, FAULTS[row.id] as Fault)).toEqual([]),
  );
});

/** Where a world has its data; what is to be done at the end is added to `undo`. */
async function place(on: Lane["on"], undo: (() => Promise<void> | void)[]): Promise<WorldOptions> {
  if (on === "a disk") return {};
  if (on === "a PostgreSQL") {
    const postgres = await startPostgres();
    undo.push(async () => await postgres.stop());
    return { postgres };
  }
  const small = (size: string): string => {
    const path = mkdtempSync(join(tmpdir(), "countersign-small-"));
    if (isRoot) execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "none", path]);
    undo.push(() => {
      if (isRoot) execFileSync("umount", ["-l", path]);
      rmSync(path, { recursive: true, force: true });
    });
    return path;
  };
  return { data: small("64m"), gatewayData: small("32m") };
}

/** What an actor does of each kind: as an MCP client, and with its own hands where these can do the like. */
interface Cells {
  readonly reads: (actor: Actor) => Promise<readonly string[]>;
  readonly others: (actor: Actor) => Promise<readonly string[]>;
}

function cellsOf({ dependency }: FailMode): Cells {
  if (dependency === "upstream")
    return { reads: async (actor) => [await actor.looks()], others: async (actor) => [await actor.changes()] };
  const reads: Cells["reads"] = async (actor) => await Promise.all([actor.reads(), actor.shell("cat a.txt")]);
  if (dependency === "approvals")
    return {
      reads,
      others: async (actor) =>
        await Promise.all([actor.overwrites().then(({ code }) => code), actor.shell("rm a.txt")]),
    };
  return { reads, others: async (actor) => await Promise.all([actor.writes(), actor.shell("mkdir -p made")]) };
}

/** Breaks it, looks at each cell of the row, heals it, and sees that everything works again. Answers what was not as the row says. */
async function deviations(world: World, row: FailMode, fault: Fault): Promise<readonly string[]> {
  await works(world);
  if (isMoment(row)) return await momentDeviations(world, row, fault);
  const { reads, others } = cellsOf(row);
  const actor = (): Actor => world[row.point];
  const each = async (): Promise<readonly (readonly string[])[]> =>
    await Promise.all([reads(actor()), others(actor())]);
  const heal = await fault(world, row);
  const found: string[] = [];
  try {
    const [read = [], other = []] = await each();
    found.push(...misfits("reads", read, row.reads), ...misfits("others", other, row.others));
    if (row.id === "approvals-unanswered") await expires(actor());
    if (row.lasting !== null) {
      await eventually("a lasting fault", each, (met) => met.flat().every((code) => code === row.lasting));
      found.push(...(await readiness(world, row, 503)));
    }
  } finally {
    await heal();
  }
  await works(world);
  return [...found, ...(await readiness(world, row, 200))];
}

async function readiness(world: World, { point }: FailMode, expected: number): Promise<readonly string[]> {
  const { status, body } = await world.ready(point);
  return status === expected ? [] : [`/readyz ${String(status)} ${body}`];
}

/** Everything that should pass passes at both points, and nothing waits to be merged. */
async function works(world: World): Promise<void> {
  for (const point of ["own", "joined"] as const) {
    const all = async (): Promise<readonly string[]> => {
      const actor = world[point];
      const hands = [actor.shell("cat a.txt"), actor.shell("mkdir -p made")];
      return await Promise.all([actor.reads(), actor.writes(), actor.looks(), actor.changes(), ...hands]);
    };
    await eventually(`working at ${point}`, all, (met) => met.every((code) => code === "goes on"));
  }
  await eventually(
    "merged",
    async () => await world.spooled(),
    (frames) => frames === 0,
  );
}

/** A lease that a jump of the clock ended is back within a second: it is tried until it is seen, which it must be. */
function isMoment({ dependency, lasting }: FailMode): boolean {
  return dependency === "clock" && lasting === null;
}

async function momentDeviations(world: World, row: FailMode, fault: Fault): Promise<readonly string[]> {
  const { reads, others } = cellsOf(row);
  const actor = world[row.point];
  for (;;) {
    const heal = await fault(world, row);
    const met = [await reads(actor), await others(actor)].flat();
    await works(world);
    await heal();
    await works(world);
    const found = met.filter((code) => code !== "goes on").flatMap((code) => misfits("either", [code], row.reads));
    if (found.length > 0 || met.every((code) => code !== "goes on")) return found;
  }
}

/** Asks for a signature that nobody gives: a time-out never approves. */
async function expires(actor: Actor): Promise<void> {
  const { approval } = await actor.overwrites();
  await eventually(
    "an approval that nobody answers",
    async () => await actor.waits(approval ?? ""),
    (met) => met === "countersignature.expired",
  );
}

function misfits(cell: string, codes: readonly string[], met: Met): readonly string[] {
  const fits = (code: string): boolean =>
    met === "goes on" ? code === met : (met as readonly string[]).includes(code);
  return codes.filter((code) => !fits(code)).map((code) => `${cell}: ${code}`);
}
