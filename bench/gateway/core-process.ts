import type { Evaluator } from "@countersign/policy";
import type { CoreRound, CoreRounds } from "./core.ts";
import { startGovernedCore } from "./governed-core.ts";

/** Actions that are under way at a time. */
const IN_FLIGHT = 64;
const WARM_MS = 800;

const [, , folder = "", rounds = "1", roundMs = "100"] = process.argv;
const core = await startGovernedCore(folder);
const cedar = core.point.evaluator;
if (cedar === null) throw new Error("no policies are loaded");
/** Answers what Cedar answers for a read, without being asked. */
const constant: Evaluator = {
  policySetHash: cedar.policySetHash,
  policies: cedar.policies,
  evaluate: () => ({ permits: ["default:read-write"], forbids: [], errors: [] }),
};
let number = 0;
await measured(cedar, WARM_MS);
await measured(constant, WARM_MS);
const result: { [K in keyof CoreRounds]: CoreRound[] } = { cedar: [], constant: [] };
for (let round = 0; round < Number(rounds); round += 1) {
  result.cedar.push(await measured(cedar, Number(roundMs)));
  result.constant.push(await measured(constant, Number(roundMs)));
}
await core.close();
process.stdout.write(`${JSON.stringify(result)}\n`);

async function measured(evaluator: Evaluator, ms: number): Promise<CoreRound> {
  core.point.evaluator = evaluator;
  const first = number;
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  const begun = performance.now();
  const act = async (): Promise<void> => {
    while (performance.now() - begun < ms) {
      number += 1;
      await core.act(number);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, act));
  return {
    actions: number - first,
    cpuSeconds: seconds(process.cpuUsage(all)),
    mainSeconds: seconds(process.threadCpuUsage(main)),
    wallSeconds: (performance.now() - begun) / 1000,
  };
}

function seconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}
