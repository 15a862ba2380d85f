import { html, type Html } from "./html.ts";

/** Line drawings on a 16 × 16 field; each stands beside a word that says the same. */
const PATHS = {
  read: "M1.5 8s2.4-4.2 6.5-4.2S14.5 8 14.5 8 12.1 12.2 8 12.2 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z",
  write: "M2.5 13.5l.7-3 7.6-7.6 2.3 2.3-7.6 7.6z",
  external: "M6 3H3v10h10v-3M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
  destructive: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9",
  unknown: "M5.5 6a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M8 13v.2",
  pending: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.5",
  approved: "M2.5 8.5l3.5 3.5 7.5-8",
  denied: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  expired: "M4 2h8M4 14h8M5 2c0 4 6 4 6 6s-6 2-6 6M11 2c0 4-6 4-6 6s6 2 6 6",
  consumed: "M1 8.5l3 3 6-7M7.5 11.5l7-7.5",
  void: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM3.8 3.8l8.4 8.4",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.5M8 12v.1",
  freeze: "M8 1.5v13M2.4 4.7l11.2 6.6M13.6 4.7 2.4 11.3",
} as const;
export type IconName = keyof typeof PATHS;

/** A small drawing that takes the colour of its text; hidden from assistive technology, for the word beside it says it. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${PATHS[name]}" /></svg>`;
}

export function isIconName(name: string): name is IconName {
  return Object.hasOwn(PATHS, name);
}
