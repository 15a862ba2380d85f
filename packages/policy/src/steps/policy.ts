import type { Hold } from "@countersign/core";
import type { DecideInput } from "../decide-input.ts";
import { type CedarRequest, type Evaluator, WHOLE_SET } from "../evaluator.ts";
import { type Check, refuse } from "./step.ts";

/** Policies: none failed, no forbid without a hold is satisfied, some permit is. Satisfied holds are gathered. */
export const policy: Check = (input) => {
  const engine = input.policies;
  if (engine === null)
    return refuse("policy.none", "no policies are loaded; publish some with `countersign policy publish`");
  const request = requestOf(input);
  if (request === null) return refuse("policy.error", "the facts are incomplete", { policyErrors: [WHOLE_SET] });
  const { permits, forbids, errors } = engine.evaluate(request);
  // INV-2: Cedar skips a policy that fails, so a forbid that fails would permit. Here any failure denies.
  if (errors.length > 0) {
    const failed = [...new Set(errors.map(({ policyId }) => policyId))];
    const reason = `${list(failed)} could not be evaluated: ${errors[0]?.message ?? ""}; correct the policy or the arguments it reads`;
    return refuse("policy.error", reason, { policyIds: failed, policyErrors: failed });
  }
  const holds: Hold[] = [];
  const hard: string[] = [];
  for (const id of forbids) {
    const hold = holdOf(engine, id);
    if (hold === null) hard.push(id);
    else holds.push(hold);
  }
  if (hard.length > 0) {
    return refuse("policy.denied", `${list(hard)} forbids this; only another policy would let it pass`, {
      policyIds: hard,
    });
  }
  if (permits.length === 0) {
    return refuse(
      "policy.none",
      `no policy permits \`${input.call.action}\` (${input.call.effect}); publish one that does`,
    );
  }
  return { holds, permits };
};

function holdOf(engine: Evaluator, id: string): Hold | null {
  const meta = engine.policies.get(id);
  return meta === undefined || meta.hold === null ? null : { policyId: id, policyHash: meta.hash, ...meta.hold };
}

function list(ids: readonly string[]): string {
  return ids.map((id) => `\`${id}\``).join(", ");
}

function requestOf({ claims, call, facts, now, risk }: DecideInput): CedarRequest | null {
  const { agent, device, posture, task } = facts;
  if (!claims.ok || device === null || posture === null || task === null) return null;
  const principal = task.terms.agent === null ? personOf(task) : agentOf(agent);
  if (principal === null) return null;
  return {
    principal,
    action: call.action,
    effect: call.effect,
    resource: call.resource,
    context: {
      now,
      risk,
      agentProof: claims.agentProof,
      tool: call.tool,
      upstream: call.upstream,
      device: {
        id: device.id,
        tier: device.terms.tier,
        level: posture.level ?? "none",
        os: posture.os.platform,
        osVersion: posture.os.version,
        facts: posture.facts,
      },
      task: {
        id: task.id,
        purpose: facts.purpose ?? null,
        openedAt: task.terms.openedAt,
        expiresAt: task.terms.expiresAt,
      },
      arguments: call.arguments,
    },
  };
}

function agentOf(agent: DecideInput["facts"]["agent"]): CedarRequest["principal"] | null {
  if (agent === null) return null;
  return { type: "Agent", id: agent.id, owner: agent.terms.owner, name: agent.terms.name };
}

function personOf({ terms: { human } }: NonNullable<DecideInput["facts"]["task"]>): CedarRequest["principal"] {
  return { type: "Human", id: human, owner: human, name: human };
}
