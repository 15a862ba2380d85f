import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Verdict } from "../../packages/gateway/src/postgres/judge/index.ts";
import type { Tally } from "../main.ts";
import { judgeList } from "./list.ts";
import { Scratch, type Statement } from "./scratch.ts";

/**
 * Every statement of the list is judged, then run in a database of its own, and what it touched there is compared with what was said.
 * `--statements FILE` judges the statements of a file instead (JSON Lines `{sql, setup?}`) and prints one line for each, in order.
 */
export async function postgresConformance(options: readonly string[]): Promise<Tally> {
  const at = options.indexOf("--statements");
  const scratch = await Scratch.start();
  try {
    if (at >= 0) return await judgeFile(scratch, options[at + 1] ?? "");
    return await judgeList(scratch);
  } finally {
    await scratch.stop();
  }
}

async function judgeFile(scratch: Scratch, path: string): Promise<Tally> {
  let [passed, failed] = [0, 0];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    try {
      const said = await scratch.judged(JSON.parse(line) as Statement, (_, verdict) =>
        Promise.resolve(lineOf(verdict)),
      );
      process.stdout.write(`${said}\n`);
      passed += 1;
    } catch (error) {
      // A line that could not be judged is unknown, like everything that is not known.
      const none = { effects: ["unknown"], reads: [], writes: [], functions: [], verdict: "unknown" };
      process.stdout.write(`${JSON.stringify({ ...none, reason: String(error) })}\n`);
      failed += 1;
    }
  }
  return { passed, failed };
}

function lineOf({ effects, reads, writes, functions, verdict, reason }: Verdict): string {
  return JSON.stringify({ effects, reads, writes, functions, verdict, ...(reason === null ? {} : { reason }) });
}
