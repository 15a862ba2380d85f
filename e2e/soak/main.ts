import { parseArgs } from "node:util";
import { availability } from "./availability.ts";
import { gatewayKill } from "./gateway-kill.ts";
import { kill } from "./kill.ts";
import type { Loop } from "./loop.ts";
import { powerCut } from "./power-cut.ts";
import { spool } from "./spool.ts";
import { shellJudge } from "./shell-judge.ts";
import { stop } from "./stop.ts";

/**
 * `npm run soak [-- NAME] [--short]`: breaks a running system again and again and looks at what is left. One file per loop; each
 * round ends passed or failed; the last line is `N passed, N failed`, with the number of rounds that this machine can't run.
 */
const LOOPS: readonly Loop[] = [kill, gatewayKill, powerCut, spool, shellJudge, stop, availability];

const { values, positionals } = parseArgs({
  options: { short: { type: "boolean", default: false } },
  allowPositionals: true,
});
const wanted = positionals.length === 0 ? LOOPS : LOOPS.filter(({ name }) => positionals.includes(name));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (wanted.length < positionals.length || wanted.length === 0) {
  process.stderr.write(`no such loop; there are: ${LOOPS.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}
// Ended by a person, a loop leaves nothing running that it started.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const total = { passed: 0, failed: 0, skipped: 0 };
for (const loop of wanted) {
  const obstacle = loop.obstacle();
  const rounds = values.short ? loop.shortRounds : loop.rounds;
  if (obstacle !== null) {
    say(`\nSKIPPED ${loop.name}: ${obstacle}\n`);
    total.skipped += rounds;
    continue;
  }
  say(`${loop.name}: ${loop.about}`);
  for await (const { detail, fault } of loop.run(rounds)) {
    total[fault === null ? "passed" : "failed"] += 1;
    say(`  ${fault === null ? "ok  " : "FAIL"} ${detail}${fault === null ? "" : `: ${fault}`}`);
  }
}
say(
  `\n${String(total.passed)} passed, ${String(total.failed)} failed${total.skipped === 0 ? "" : `, ${String(total.skipped)} skipped`}`,
);
// What a broken system left open must not keep the loops from ending.
process.exit(total.failed === 0 ? 0 : 1);
