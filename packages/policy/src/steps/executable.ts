import { NEW_EXECUTABLE, builtInHold } from "./built-in.ts";
import type { Check } from "./step.ts";

/** The first use of an agent by another executable than before is held; an unknown one counts as another. */
export const executable: Check = ({ facts }) => {
  const known = facts.agent?.state.executables ?? [];
  const sha256 = facts.task?.terms.runtime?.sha256 ?? "";
  if (known.length === 0 || known.includes(sha256)) return null;
  const which =
    sha256 === "" ? "an executable that is not known" : "an executable that has not acted as this agent before";
  return { holds: [builtInHold(NEW_EXECUTABLE, `the call comes from ${which}`, sha256)], permits: [] };
};
