import type { Tally } from "../main.ts";
import { type FixtureEra, startFixture } from "./fixture/http.ts";
import { governed } from "./governed.ts";
import {
  type Check,
  REVISIONS,
  type Revision,
  type Scenarios,
  type Status,
  required,
  runSuite,
} from "./official-suite.ts";

/**
 * The official suite's server leg against a server of ours directly and behind the gateway. What passes directly must pass behind it,
 * scenario by scenario and check by check, and whatever a revision requires must pass directly.
 */
export async function mcpConformance(): Promise<Tally> {
  const fixtures = { both: await startFixture("both"), legacy: await startFixture("legacy") };
  const gate = await governed({ both: fixtures.both.url, legacy: fixtures.legacy.url });
  const tallies: Tally[] = [];
  try {
    for (const revision of REVISIONS) {
      const direct = await runSuite(fixtures.both.url, revision);
      tallies.push(await directly(revision, direct));
      for (const era of ["both", "legacy"] as const) {
        const behind = await runSuite(await gate.address(era), revision);
        const differs = revision === "2026-07-28" && era === "legacy" ? UNNAMED : [];
        tallies.push(compared({ title: `${revision}, ${BEHIND[era]}`, differs }, direct, behind));
      }
    }
  } finally {
    await gate.close();
    await Promise.all(Object.values(fixtures).map(async (fixture) => await fixture.close()));
  }
  const sum = (of: keyof Tally): number => tallies.reduce((all, tally) => all + tally[of], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

/**
 * What cannot be the same behind a gateway: the questions of an upstream of 2025 have no name of their own, so a client of 2026 is asked
 * under one that the gateway gives. An entry that is not needed any more fails.
 */
const UNNAMED: readonly string[] = [
  "input-required-result-basic-elicitation",
  "input-required-result-ignore-extra-params",
];

const BEHIND: Readonly<Record<FixtureEra, string>> = {
  both: "behind the gateway, upstream of 2026-07-28",
  legacy: "behind the gateway, upstream of 2025-11-25",
};

async function directly(revision: Revision, scenarios: Scenarios): Promise<Tally> {
  const names = await required(revision);
  const failing = names.filter((name) => !passes(scenarios.get(name)));
  return told(
    `${revision}, directly`,
    names.length,
    failing.map((name) => `${name}: ${faults(scenarios.get(name))}`),
  );
}

/** What is worse behind the gateway than without it. A scenario that fails directly says nothing. */
function compared(
  { title, differs }: { readonly title: string; readonly differs: readonly string[] },
  direct: Scenarios,
  behind: Scenarios,
): Tally {
  const names = [...direct].filter(([, checks]) => passes(checks)).map(([name]) => name);
  const failing = names.flatMap((name) => {
    const worse = worseIn(direct.get(name) ?? [], behind.get(name) ?? []);
    if (differs.includes(name)) return worse.length === 0 ? [`${name}: is the same, against what is written here`] : [];
    return worse.length === 0 ? [] : [`${name}: ${worse.join("; ")}`];
  });
  return told(title, names.length, failing);
}

function told(title: string, all: number, failing: readonly string[]): Tally {
  const passed = all - failing.length;
  process.stdout.write(`${title}: ${String(passed)} of ${String(all)} scenarios as they should be\n`);
  for (const line of failing) process.stdout.write(`  FAIL ${line}\n`);
  return { passed, failed: failing.length };
}

function passes(checks: readonly Check[] | undefined): boolean {
  return checks !== undefined && checks.length > 0 && checks.every(({ status }) => status !== "FAILURE");
}

function faults(checks: readonly Check[] = []): string {
  const failed = checks.filter(({ status }) => status === "FAILURE");
  return failed.length === 0 ? "it did not run" : failed.map(shown).join("; ");
}

const GRAVITY: Readonly<Record<Status, number>> = { SUCCESS: 0, INFO: 0, SKIPPED: 1, WARNING: 2, FAILURE: 3 };

/** A name may stand for several checks: their worst counts. */
function worst(checks: readonly Check[]): ReadonlyMap<string, Check> {
  const found = new Map<string, Check>();
  for (const check of checks) {
    const known = found.get(check.id);
    if (known === undefined || GRAVITY[check.status] > GRAVITY[known.status]) found.set(check.id, check);
  }
  return found;
}

function worseIn(direct: readonly Check[], behind: readonly Check[]): readonly string[] {
  if (behind.length === 0) return ["it did not run"];
  const there = worst(behind);
  return [...worst(direct)].flatMap(([id, { status }]) => {
    const found = there.get(id);
    if (found === undefined) return status === "SUCCESS" ? [`${id} was not looked at`] : [];
    return GRAVITY[found.status] > GRAVITY[status] ? [shown(found)] : [];
  });
}

function shown({ id, status, errorMessage = "" }: Check): string {
  return `${status} ${id} ${errorMessage}`.trim().slice(0, 400);
}
