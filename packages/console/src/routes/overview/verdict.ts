import type { Overview } from "@countersign/api";
import { counted } from "../../parts/counted.ts";

export interface Verdict {
  readonly title: string;
  readonly lead: string;
}

/** The answer in one sentence, the worst first; below it what it rests on. */
export function verdict({ points, agentsActive, approvalsPending, brakes, tasksLive }: Overview): Verdict {
  const expected = points.filter(({ lease }) => lease !== "none");
  const lost = expected.filter(({ lease }) => lease === "lost").length;
  const lead = [
    `${counted(expected.length - lost, "enforcement point")} with a valid lease`,
    counted(tasksLive, "live task"),
    `${counted(approvalsPending, "approval")} waiting`,
    `${counted(brakes, "brake")} in force`,
  ].join(" · ");
  return { title: titleOf({ lost, points: expected.length, agentsActive, approvalsPending }), lead: capital(lead) };
}

interface Standing {
  readonly lost: number;
  readonly points: number;
  readonly agentsActive: number;
  readonly approvalsPending: number;
}

function titleOf({ lost, points, agentsActive, approvalsPending }: Standing): string {
  if (points === 0) return "No enforcement point is connected: nothing passes";
  if (lost > 0)
    return `${capital(counted(lost, "enforcement point"))} lost the lease and ${lost === 1 ? "denies" : "deny"} everything`;
  if (agentsActive === 0) return "No agent is registered yet";
  if (approvalsPending > 0) return `Agents are under control; ${counted(approvalsPending, "decision")} for a person`;
  return "Agents are under control";
}

function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
