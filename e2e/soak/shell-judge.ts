import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareWithBash } from "../../packages/gateway/src/hooks/shell/testing/differential.ts";
import type { Loop, Round } from "./loop.ts";

const LINES = 3000;

/** Generated command lines, judged and then run in a real bash: what bash did and the judge did not foresee is a fault. */
export const shellJudge: Loop = {
  name: "shell-judge",
  about: "generated command lines, judged and then run in a real bash",
  rounds: 20,
  shortRounds: 2,
  obstacle: () => (existsSync("/bin/bash") ? null : "there is no bash; install it"),
  run: rounds,
};

async function* rounds(count: number): AsyncGenerator<Round> {
  for (let round = 1; round <= count; round += 1) {
    const seed = Date.now() % 1_000_000_000;
    const root = mkdtempSync(join(tmpdir(), "countersign-judge-"));
    try {
      const { disagreements, known, calls, changes } = compareWithBash(root, { seed, runs: LINES });
      const detail = `seed ${String(seed)}: ${String(known)} lines known, ${String(calls)} calls and ${String(changes)} changes seen`;
      const [first] = disagreements;
      yield await Promise.resolve({
        detail,
        fault: first === undefined ? null : `${JSON.stringify(first.line)}: ${first.unseen}`,
      });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
}
