import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Verdict } from "../../packages/gateway/src/postgres/judge/index.ts";
import type { Tally } from "../main.ts";
import type { Client, Scratch, Statement } from "./scratch.ts";
import { missedBy, touchedBy } from "./touched.ts";

/** A statement with what is to be said of it. */
export interface Row extends Statement {
  readonly effects: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly functions: readonly string[];
  readonly verdict: string;
  /** `no`: it is not run here, because it leaves the transaction, the database or the machine; `fails`: PostgreSQL refuses it. */
  readonly run?: "no" | "fails";
}

const FOLDER = join(import.meta.dirname, "statements");

/** Each row is judged, then run and rolled back: what was said has to be what is expected, and nothing touched may be missing from it. */
export async function judgeList(scratch: Scratch): Promise<Tally> {
  let [passed, failed] = [0, 0];
  for (const file of readdirSync(FOLDER).toSorted()) {
    const rows = readFileSync(join(FOLDER, file), "utf8")
      .split("\n")
      .filter((line) => line !== "");
    let good = 0;
    for (const line of rows) {
      const row = JSON.parse(line) as Row;
      const faults = await faultsOf(scratch, row);
      if (faults.length === 0) good += 1;
      else process.stdout.write(`FAIL ${row.sql}\n  ${faults.join("\n  ")}\n`);
    }
    process.stdout.write(`${file.replace(".jsonl", "")}: ${String(good)} of ${String(rows.length)}\n`);
    passed += good;
    failed += rows.length - good;
  }
  return { passed, failed };
}

async function faultsOf(scratch: Scratch, row: Row): Promise<readonly string[]> {
  return scratch.withFixture(row, async (session, watcher, verdict) => [
    ...differences(row, verdict),
    ...(row.run === "no" ? [] : await whatRan(row, verdict, { session, watcher })),
  ]);
}

function differences(row: Row, verdict: Verdict): readonly string[] {
  return (["verdict", "effects", "reads", "writes", "functions"] as const).flatMap((field) => {
    const [wanted, said] = [JSON.stringify(row[field]), JSON.stringify(verdict[field])];
    return wanted === said ? [] : [`${field}: ${said} instead of ${wanted} (${verdict.reason ?? "no reason"})`];
  });
}

async function whatRan(
  row: Row,
  verdict: Verdict,
  { session, watcher }: { session: Client; watcher: Client },
): Promise<readonly string[]> {
  try {
    const missed = missedBy(verdict, await touchedBy(session, watcher, row.sql));
    if (row.run === "fails") return ["PostgreSQL takes it"];
    return missed.map((what) => `missed: ${what}`);
  } catch (error) {
    return row.run === "fails"
      ? []
      : [`PostgreSQL refuses it: ${error instanceof Error ? error.message : String(error)}`];
  }
}
