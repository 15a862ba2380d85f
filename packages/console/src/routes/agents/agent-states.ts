import { CircleDashed, PauseCircle, UserX } from "lucide-react";
import type { StateBadgeProps } from "../../parts/state-badge.tsx";

/** How each state of an agent is shown. */
export const AGENT_STATES: Readonly<Record<"active" | "suspended" | "retired" | "owner_lost", StateBadgeProps>> = {
  active: { tone: "good", word: "active" },
  suspended: { tone: "warn", word: "suspended", icon: PauseCircle },
  retired: { tone: "quiet", word: "retired", icon: CircleDashed },
  owner_lost: { tone: "bad", word: "owner left", icon: UserX },
};
