import { type Decision, type Hold, type Step, denied } from "@countersign/core";
import type { DecideInput } from "./decide-input.ts";
import { WHOLE_SET } from "./evaluator.ts";
import { strictest } from "./strictest.ts";
import { agent } from "./steps/agent.ts";
import { brake } from "./steps/brake.ts";
import { countersignature } from "./steps/countersignature.ts";
import { credential } from "./steps/credential.ts";
import { critical } from "./steps/critical.ts";
import { device } from "./steps/device.ts";
import { executable } from "./steps/executable.ts";
import { grant } from "./steps/grant.ts";
import { human } from "./steps/human.ts";
import { policy } from "./steps/policy.ts";
import { risk } from "./steps/risk.ts";
import type { Check } from "./steps/step.ts";
import { task } from "./steps/task.ts";
import { tool } from "./steps/tool.ts";
import { unqualified } from "./steps/unqualified.ts";
import { upstream } from "./steps/upstream.ts";

/** Every check of an action, in the order in which it is made. The first refusal is the answer; holds are gathered. */
const CHECKS: readonly (readonly [Step, Check])[] = [
  ["credential", credential],
  ["brake", brake],
  ["human", human],
  ["device", device],
  ["agent", agent],
  ["task", task],
  ["grant", grant],
  ["upstream", upstream],
  ["tool", tool],
  ["agent", executable],
  ["critical", critical],
  ["critical", unqualified],
  ["policy", policy],
  ["risk", risk],
  ["countersignature", countersignature],
];

/**
 * Decides one action: INV-1 (the whole chain or nothing) and INV-2 (doubt denies) in one pure function (design 5.1).
 *
 * Promises: a permit means that every check passed, some policy permits, no policy forbids without a hold, none failed, and the
 * presented countersignature names every hold by policy id and hash. `reason` is one clause: what failed and what would make it
 * pass. A hold lists all holds, because one countersignature must name them all. A call with several resources passes when it would
 * pass on each of them. Never throws: a check that does is a deny.
 */
export function decide(input: DecideInput): Decision {
  const { resources, ...call } = input.call;
  if (resources === undefined) return decideOne(input);
  return strictest(resources.map((resource) => decideOne({ ...input, call: { ...call, resource } })));
}

function decideOne(input: DecideInput): Decision {
  const holds: Hold[] = [];
  const permits: string[] = [];
  for (const [step, check] of CHECKS) {
    const result = attempt([step, check], input, holds);
    if (result === null) continue;
    if ("decision" in result) return stamped(result.decision, input);
    holds.push(...result.holds);
    permits.push(...result.permits);
  }
  const policyIds = [...permits, ...holds.map(({ policyId }) => policyId)];
  const signed = holds.length === 0 ? "" : " with a countersignature";
  const reason = `permitted by ${permits.map((id) => `\`${id}\``).join(", ")}${signed}`;
  return stamped(
    { result: "permit", step: null, code: null, reason, policyIds, policySetHash: "", holds: [], policyErrors: [] },
    input,
  );
}

function attempt([step, check]: readonly [Step, Check], input: DecideInput, holds: readonly Hold[]): ReturnType<Check> {
  try {
    return check(input, holds);
  } catch {
    // INV-2: facts that a check cannot read are no reason to skip it.
    const reason = `the check \`${step}\` could not be made; look for damaged records with \`countersign doctor\``;
    return { decision: { ...denied(step, "policy.error", reason), policyErrors: [WHOLE_SET] } };
  }
}

function stamped(decision: Decision, input: DecideInput): Decision {
  return { ...decision, policySetHash: input.policies?.policySetHash ?? "" };
}
