import { useSyncExternalStore } from "react";

/** What a screen reader is told: `polite` when it has a moment, `assertive` at once. */
export type Urgency = "polite" | "assertive";

let said: Readonly<Record<Urgency, string>> = { polite: "", assertive: "" };
const watchers = new Set<() => void>();

/** Says it once; the same words again are said again only after others. */
export function announce(words: string, urgency: Urgency = "polite"): void {
  said = { ...said, [urgency]: words };
  for (const changed of watchers) changed();
}

export function useAnnounced(): Readonly<Record<Urgency, string>> {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => said,
  );
}
