import { CircleDashed, OctagonX, Radio } from "lucide-react";
import type { StateBadgeProps } from "../../parts/state-badge.tsx";

/** How each state of a task is shown. */
export const TASK_STATES: Readonly<Record<"live" | "ended" | "severed", StateBadgeProps>> = {
  live: { tone: "good", word: "live", icon: Radio },
  ended: { tone: "quiet", word: "ended", icon: CircleDashed },
  severed: { tone: "bad", word: "severed", icon: OctagonX },
};
