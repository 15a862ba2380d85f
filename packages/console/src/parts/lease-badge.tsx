import type { PointView } from "@countersign/api";
import type { ReactElement } from "react";
import { StateBadge, type StateBadgeProps } from "./state-badge.tsx";

const SHOWN: Readonly<Record<PointView["lease"], StateBadgeProps>> = {
  valid: { tone: "good", word: "lease valid" },
  lost: { tone: "bad", word: "lease lost" },
  none: { tone: "quiet", word: "left" },
};

/** Whether a point may act. */
export function LeaseBadge({ lease }: Pick<PointView, "lease">): ReactElement {
  return <StateBadge {...SHOWN[lease]} />;
}
