/** Markup that was made by {@link html}: the only thing that goes into a page unescaped. */
export class Html {
  readonly #markup: string;
  /** For {@link html} and {@link dataIsland} alone: a test keeps it so. */
  constructor(markup: string) {
    this.#markup = markup;
  }
  toString(): string {
    return this.#markup;
  }
}
export type HtmlValue = string | number | Html | null | false | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/**
 * Markup with values in it. Every value is escaped for text and for quoted attributes; an attribute's value must stand in quotes
 * (RangeError otherwise). `null` and `false` leave nothing; arrays are joined.
 */
export function html(template: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const chunks = prepared.get(template) ?? prepare(template);
  let markup = chunks[0] ?? "";
  for (const [index, value] of values.entries()) markup += markupOf(value) + (chunks[index + 1] ?? "");
  return new Html(markup);
}

/** Templates without their indentation; each is prepared once. */
const prepared = new WeakMap<TemplateStringsArray, readonly string[]>();

function prepare(template: TemplateStringsArray): readonly string[] {
  const chunks = template.map((chunk) => chunk.replace(/\n\s*/g, "\n"));
  if (chunks.slice(0, -1).some((chunk) => /=\s*$/.test(chunk))) throw new RangeError("attribute value without quotes");
  prepared.set(template, chunks);
  return chunks;
}

/** Data for the page's script: a block that no browser runs, whose text cannot end the block. */
export function dataIsland(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(/[<>&]|[^\x20-\x7e]/g, unicodeEscape);
  return html`<script type="application/json" id="${id}">
    ${new Html(json)}
  </script>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? "");
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(markupOf).join("");
  return escapeHtml(String(value));
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
