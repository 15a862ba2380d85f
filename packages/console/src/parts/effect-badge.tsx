import { CircleHelp, ExternalLink, Eye, Pencil, Trash2 } from "lucide-react";
import type { ReactElement } from "react";
import { StateBadge, type Tone } from "./state-badge.tsx";

const EFFECTS = {
  read: { tone: "quiet", icon: Eye },
  write: { tone: "accent", icon: Pencil },
  destructive: { tone: "bad", icon: Trash2 },
  external: { tone: "accent", icon: ExternalLink },
  unknown: { tone: "warn", icon: CircleHelp },
} as const satisfies Readonly<Record<string, { readonly tone: Tone; readonly icon: typeof Eye }>>;

/** What an action does to the world. */
export function EffectBadge({ effect }: { readonly effect: string }): ReactElement {
  const known = Object.hasOwn(EFFECTS, effect) ? EFFECTS[effect as keyof typeof EFFECTS] : EFFECTS.unknown;
  return <StateBadge {...known} word={effect} />;
}
