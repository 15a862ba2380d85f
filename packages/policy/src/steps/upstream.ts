import { isOwnHands } from "@countersign/core";
import { type Check, refuse } from "./step.ts";

/** The upstream of the call is registered and in use. The agent's own hands have none: what they may touch is told by the grants. */
export const upstream: Check = ({ call, facts }) => {
  if (isOwnHands(call)) return null;
  const record = facts.upstream;
  if (record !== null && record.id === call.upstream && record.state.status === "active") return null;
  return refuse(
    "upstream.unknown",
    `there is no upstream \`${call.upstream}\`; register it with \`countersign upstream add\``,
  );
};
