import type { LedgerEntry } from "@countersign/core";
import { CircleCheck, FileText } from "lucide-react";
import type { ReactElement } from "react";
import { DecisionBadge, OUTCOMES } from "../../parts/decision-badge.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";

const KINDS: Readonly<Record<string, string>> = {
  "action.intent": "action",
  "action.outcome": "outcome",
  brake: "stop",
};

/** How it went, for what can go well or not; else what kind of entry it is. */
export function EntryResult({ entry: { kind, decision, outcome } }: { readonly entry: LedgerEntry }): ReactElement {
  if (decision !== null) return <DecisionBadge result={decision.result} />;
  if (outcome !== undefined) {
    return outcome.status === "ok" ? (
      <StateBadge tone="good" word="done" icon={CircleCheck} />
    ) : (
      <StateBadge tone="warn" word={OUTCOMES[outcome.status] ?? outcome.status} />
    );
  }
  return <StateBadge tone="quiet" word={KINDS[kind] ?? kind} icon={FileText} />;
}
