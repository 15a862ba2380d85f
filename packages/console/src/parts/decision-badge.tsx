import { CircleCheck, CircleX, Clock3 } from "lucide-react";
import type { ReactElement } from "react";
import { StateBadge } from "./state-badge.tsx";

const RESULTS = {
  permit: { tone: "good", word: "permitted", icon: CircleCheck },
  hold: { tone: "warn", word: "held", icon: Clock3 },
  deny: { tone: "bad", word: "denied", icon: CircleX },
} as const;

/** What was decided; an outcome that failed is said as well. */
export function DecisionBadge({
  result,
  outcome,
}: {
  readonly result: string;
  readonly outcome?: string | null;
}): ReactElement {
  const known = Object.hasOwn(RESULTS, result) ? RESULTS[result as keyof typeof RESULTS] : RESULTS.deny;
  const failed = result === "permit" && outcome !== undefined && outcome !== null && outcome !== "ok";
  return failed ? <StateBadge tone="warn" word={OUTCOMES[outcome] ?? outcome} /> : <StateBadge {...known} />;
}

/** How an outcome that is not `ok` is called. */
export const OUTCOMES: Readonly<Record<string, string>> = {
  error: "failed",
  unknown: "may have happened",
  unobserved: "not observed",
  withheld: "withheld",
  rolled_back: "rolled back",
};
