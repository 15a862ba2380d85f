import { type Check, refuse } from "./step.ts";

/** The tool is still what was accepted: its definition has the hash that was signed. A database has none: what a statement does is judged. */
export const tool: Check = ({ call, definitionChanged, facts }) => {
  const terms = facts.upstream?.terms;
  const pins = terms?.kind === "mcp" ? terms.pins : null;
  const accepted = pins !== null && Object.hasOwn(pins, call.tool) ? pins[call.tool] : null;
  const isOpen = terms?.kind !== "postgres" && pins === null;
  if (definitionChanged !== true && (isOpen || accepted === call.toolDefinitionHash)) return null;
  const reason = `the definition of \`${call.tool}\` changed; an administrator must sign the new one`;
  return refuse("tool.definition_changed", reason);
};
