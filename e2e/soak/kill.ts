import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nothingYet } from "./acknowledged.ts";
import { examine, logKeyOf } from "./examine.ts";
import type { Loop, Round } from "./loop.ts";
import { killAtWork } from "./victim.ts";

/** One store, killed again and again: store, ledger and recovery without a gateway in front. */
export const kill: Loop = {
  name: "kill",
  about: "kill -9 in the middle of concurrent commits, then start again",
  rounds: 20,
  shortRounds: 3,
  obstacle: () => null,
  run: rounds,
};

async function* rounds(count: number): AsyncGenerator<Round> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-kill-"));
  const { privateKey } = generateKeyPairSync("ed25519");
  const victim = { path: join(folder, "data"), privateKey, lines: join(folder, "lines") };
  const acknowledged = nothingYet();
  try {
    for (let round = 1; round <= count; round += 1) {
      const detail = `kill ${String(round)} of ${String(count)}`;
      try {
        const before = acknowledged.entries.size;
        await killAtWork(victim, acknowledged);
        const { entries, recovered, openMs } = await examine(victim.path, logKeyOf(privateKey), acknowledged);
        const fresh = acknowledged.entries.size - before;
        yield {
          detail: `${detail}: ${String(fresh)} acknowledged, ${String(entries)} entries, ${String(recovered)} recovered, open in ${String(openMs)} ms`,
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
