import { type Check, refuse } from "./step.ts";

/** The human of the chain is known and active. */
export const human: Check = ({ claims, facts }) => {
  const record = facts.human;
  if (claims.ok && record !== null && record.id === claims.chain.human && record.state.status === "active") return null;
  return refuse("human.inactive", "the human behind this action is not active; an administrator can reinstate them");
};
