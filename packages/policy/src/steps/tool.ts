import { type Check, refuse } from "./step.ts";

/** The tool is still what was accepted. */
export const tool: Check = ({ call, definitionChanged }) => {
  if (!definitionChanged) return null;
  const reason = `the definition of \`${call.tool}\` changed; an administrator must sign the new one`;
  return refuse("tool", "tool.definition_changed", reason);
};
