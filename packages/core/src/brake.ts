import type { Chain } from "./chain.ts";
import { touches } from "./pattern.ts";

export const BRAKE_SCOPES = ["all", "agent", "owner", "device", "task", "resource"] as const;
/** `value` is an id, for `resource` a pattern, for `all` the text `*`. */
export interface BrakeScope {
  readonly type: (typeof BRAKE_SCOPES)[number];
  readonly value: string;
}

/**
 * True when a stop with that scope covers an action of `chain` on `resource`. `owner` is the accountable human of the agent,
 * who is the human of the chain. A `resource` scope never covers a chain as such (resource null); of several resources one is enough, and
 * a stop of all that is in a folder covers the folder: whoever lists it says what is in it.
 */
export function covers(scope: BrakeScope, chain: Chain, resource: string | readonly string[] | null): boolean {
  switch (scope.type) {
    case "all":
      return true;
    case "agent":
      return chain.agent === scope.value;
    case "owner":
      return chain.human === scope.value;
    case "device":
      return chain.device === scope.value;
    case "task":
      return chain.task === scope.value;
    case "resource":
      return [resource ?? []].flat().some((name) => reaches(scope.value, name));
    default:
      return scope.type satisfies never;
  }
}

function reaches(pattern: string, name: string): boolean {
  return touches(pattern, name) || (pattern.endsWith("/**") && touches(pattern.slice(0, -"/**".length), name));
}
