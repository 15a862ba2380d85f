import { type Row, type Run, type Token, marked } from "@countersign/core";
import { html, type Html } from "./html.ts";

const DEEPEST_INDENT = 8;

/** Text that came from outside, with everything odd in it marked. */
export function shownText(text: string): Html {
  return html`${runs(marked(text))}`;
}

/** Lines of laid-out content. Their text, joined, is the content (`unmarked`). */
export function shownRows(rows: readonly Row[]): Html {
  return html`${rows.map(({ depth, inString, tokens }) => {
    const name = `r d${Math.min(depth, DEEPEST_INDENT)}${inString ? " c" : ""}`;
    return html`<div class="${name}">${tokens.map(shownToken)}</div>`;
  })}`;
}

function shownToken({ kind, runs: parts }: Token): Html {
  if (kind === "plain") return html`${runs(parts)}`;
  return html`<bdi class="${kind.charAt(0)}">${runs(parts)}</bdi>`;
}

function runs(parts: readonly Run[]): readonly Html[] {
  return parts.map(({ text, mark }) => {
    if (mark === null) return html`${breakable(text)}`;
    return mark === "escape" ? html`<i>${text}</i>` : html`<mark>${text}</mark>`;
  });
}

/** Long paths may break after a slash. */
function breakable(text: string): readonly Html[] {
  return text.split(/(?<=\w\/)(?=\w)/).map((piece, index) => (index === 0 ? html`${piece}` : html`<wbr />${piece}`));
}
