import { Ban, CircleCheck, CircleDashed, CircleX, Clock3, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactElement } from "react";

export type Tone = "good" | "bad" | "warn" | "accent" | "quiet";
const ICONS: Readonly<Record<Tone, LucideIcon>> = {
  good: CircleCheck,
  bad: CircleX,
  warn: TriangleAlert,
  accent: Clock3,
  quiet: CircleDashed,
};

export interface StateBadgeProps {
  readonly tone: Tone;
  /** The state in a word or two: never the colour alone. */
  readonly word: string;
  readonly icon?: LucideIcon;
}

/** A state: icon, word and colour say the same. */
export function StateBadge({ tone, word, icon }: StateBadgeProps): ReactElement {
  const Icon = icon ?? ICONS[tone];
  return (
    <span className="badge" data-tone={tone}>
      <Icon className="icon" aria-hidden />
      {word}
    </span>
  );
}

/** Tone and word of each state of an approval. */
export const APPROVAL_STATES = {
  pending: { tone: "warn", word: "waiting", icon: Clock3 },
  approved: { tone: "good", word: "approved", icon: CircleCheck },
  consumed: { tone: "good", word: "carried out", icon: CircleCheck },
  denied: { tone: "bad", word: "denied", icon: CircleX },
  expired: { tone: "quiet", word: "expired", icon: CircleDashed },
  void: { tone: "quiet", word: "withdrawn", icon: Ban },
} as const satisfies Readonly<Record<string, StateBadgeProps>>;
