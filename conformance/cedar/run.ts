import { parseArgs } from "node:util";
import { randomInt } from "node:crypto";
import type { Tally } from "../main.ts";
import { runCorpus } from "./corpus.ts";
import { runExpressions } from "./expressions.ts";
import { runDifferential } from "./fuzz/differential.ts";

const SHORT = 4000;

/**
 * Our evaluator against Cedar's own: handwritten expressions, then generated worlds (`--comparisons N`, `--seed N`). With `--corpus DIR`
 * instead: a folder in the format of Cedar's public corpus.
 */
export async function cedarConformance(options: readonly string[]): Promise<Tally> {
  const { values } = parseArgs({
    args: [...options],
    options: { corpus: { type: "string" }, comparisons: { type: "string" }, seed: { type: "string" } },
  });
  if (values.corpus !== undefined) return runCorpus(values.corpus);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const written = runExpressions();
  process.stdout.write(
    `${String(written.passed)} of ${String(written.passed + written.failed)} expressions as they should be\n`,
  );
  const compared = runDifferential({ comparisons: Number(values.comparisons ?? SHORT), seed });
  return { passed: written.passed + compared.passed, failed: written.failed + compared.failed };
}
