import { type Check, refuse } from "./step.ts";

/** The tool is still what was accepted: its definition has the hash that was signed. */
export const tool: Check = ({ call, definitionChanged, facts }) => {
  const pins = facts.upstream?.terms.pins ?? null;
  const accepted = pins !== null && Object.hasOwn(pins, call.tool) ? pins[call.tool] : null;
  if (definitionChanged !== true && (pins === null || accepted === call.toolDefinitionHash)) return null;
  const reason = `the definition of \`${call.tool}\` changed; an administrator must sign the new one`;
  return refuse("tool.definition_changed", reason);
};
