import { html, type Html } from "./html.ts";
import { icon, isIconName } from "./icons.ts";
import { shownText } from "./shown-text.ts";

/** The effect as a word beside its icon: never by colour alone. */
export function effectBadge(effect: string, word: Html = shownText(effect)): Html {
  const known = ["read", "write", "external", "destructive"].includes(effect) ? effect : "unknown";
  return html`<span class="badge ${known}">${isIconName(known) && icon(known)}${word}</span>`;
}
