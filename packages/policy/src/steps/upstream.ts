import { isOwnHands, isStatement } from "@countersign/core";
import { type Check, refuse } from "./step.ts";

/** The upstream of the call is registered and in use. The agent's own hands have none: what they may touch is told by the grants. */
export const upstream: Check = ({ call, facts }) => {
  if (isOwnHands(call)) return null;
  const record = facts.upstream;
  const inUse = record !== null && record.id === call.upstream && record.state.status === "active";
  // INV-2: what is known of an upstream is known of its kind: a statement to a server of tools has no effect that anybody judged.
  if (inUse && (record.terms.kind === "postgres") === isStatement(call)) return null;
  return refuse(
    "upstream.unknown",
    inUse
      ? `\`${call.upstream}\` is of another kind: ${isStatement(call) ? "it takes no statements" : "it takes statements alone"}`
      : `there is no upstream \`${call.upstream}\`; register it with \`countersign upstream add\``,
  );
};
