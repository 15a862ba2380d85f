import type { ApprovalView } from "@countersign/api";

/** `withdrawn: the agent's session ended`; null for what was not withdrawn. */
export function withdrawnWords({ state, cause }: Pick<ApprovalView, "state" | "cause">): string | null {
  if (state !== "void") return null;
  return `withdrawn: ${cause ?? "what it rested on has ended"}`;
}
