import type { StateRecord } from "@countersign/core";
import type { DecideInput } from "../decide-input.ts";
import { isOwnTask } from "../own-task.ts";
import { type Check, inForce, refuse } from "./step.ts";

/** The agent is known, belongs to the human of the chain, is active and has not expired. A person's own task has none. */
export const agent: Check = (input, holds) => (hasNone(input) ? null : judged(input, holds));

function hasNone({ claims, facts }: DecideInput): boolean {
  return claims.ok && claims.chain.agent === null && facts.agent === null && isOwnTask(facts.task);
}

const judged: Check = ({ claims, facts, now }) => {
  const record = facts.agent;
  if (!claims.ok || record === null || record.id !== claims.chain.agent) {
    return refuse("agent.inactive", "no such agent; register it with `countersign agent create`");
  }
  if (record.state.status === "owner_lost" || record.terms.owner !== claims.chain.human) {
    return refuse(
      "agent.owner_lost",
      "the agent's owner is not the human of this chain; it needs a signed reassignment",
    );
  }
  if (facts.human !== null && isOlder(record, facts.human)) {
    return refuse("agent.owner_lost", "the agent's owner had left and came back since; it needs a signed reassignment");
  }
  if (record.state.status !== "active") {
    return refuse("agent.inactive", `the agent is ${record.state.status}; its owner must sign a reinstatement`);
  }
  if (!inForce(record.terms.expiresAt, now)) {
    return refuse("agent.inactive", "the agent's registration has expired; register it anew");
  }
  return null;
};

/** INV-8: the return of a human revives no agent, whoever says that the agent is active: its signature has to come after the return. */
function isOlder(agent: StateRecord<"agent">, { authority }: StateRecord<"human">): boolean {
  if (authority === null || authority === "genesis" || authority.change.act !== "human.reinstate") return false;
  if (agent.authority === null || agent.authority === "genesis") return true;
  return !(Date.parse(agent.authority.signed.notBefore) >= Date.parse(authority.signed.notBefore));
}
