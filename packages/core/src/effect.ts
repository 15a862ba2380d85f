/** What an action does to the world, from harmless to not known. */
export const EFFECTS = ["read", "write", "external", "destructive", "unknown"] as const;
export type Effect = (typeof EFFECTS)[number];

/** The graver of two effects; `unknown` outweighs all. */
export function graver(a: Effect, b: Effect): Effect {
  return EFFECTS.indexOf(a) >= EFFECTS.indexOf(b) ? a : b;
}
