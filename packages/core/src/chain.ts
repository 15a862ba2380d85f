import type { Limits } from "./limits.ts";
import type { AgentId, DeviceId, HumanId, TaskId } from "./ids.ts";

/** Who stands behind an action: human, device, agent, task. A link that is not known (an unauthenticated try) is null. */
export interface Chain {
  readonly human: HumanId | null;
  readonly device: DeviceId | null;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
}
export const NO_CHAIN: Chain = { human: null, device: null, agent: null, task: null };

/** How the agent is known: by its owner's word, or by evidence. */
export type AgentProof = "declared" | "attested";

/** A right within a task: which actions on which resources. Both are patterns. */
export interface Grant {
  readonly action: string;
  readonly resource: string;
  /** Ceilings of statements under it. They narrow what the upstream and every other covering grant allow, and widen nothing. */
  readonly limits?: Limits;
}

/** A grant, and nothing else that may stand beside it. */
export function grantOf({ action, resource, limits }: Grant): Pick<Grant, keyof Grant> {
  return { action, resource, ...(limits === undefined ? {} : { limits }) };
}
