import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataIsland, escapeHtml, html, type HtmlValue } from "./html.ts";

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        "&",
        '"',
        "'",
        "`",
        "</script>",
        "<!--",
        "-->",
        "&lt;",
        "&#39;",
        "=",
        "/",
        "\0",
        "\u2028",
        "<img src=x onerror=alert(1)>",
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));
const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&#96;": "`",
};
const unescaped = (markup: string): string => markup.replace(/&[^;]+;/g, (entity) => ENTITIES[entity] ?? "?");

describe("html", () => {
  it("lets no text become markup, in text and in attributes", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const markup = html`<p title="${text}">${text}</p>`.toString();
        const parts = /^<p title="([^"<>'`]*)">([^<>"'`]*)<\/p>$/.exec(markup);
        expect(parts?.slice(1).map(unescaped)).toEqual([text, text]);
      }),
    );
  });

  it("escapes each dangerous character", () => {
    expect(escapeHtml("<a href=\"x\" id='y'>&`</a>")).toBe(
      "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&#96;&lt;/a&gt;",
    );
  });

  it("keeps markup that it made itself, joins lists, leaves out what is absent", () => {
    const list: readonly HtmlValue[] = ["<", html`<b>${"&"}</b>`, null, false, 3];
    expect(html`<p>${list}</p>`.toString()).toBe("<p>&lt;<b>&amp;</b>3</p>");
  });

  it("takes nothing that only looks like its markup", () => {
    const forged = { markup: "<script>", toString: () => "<script>" } as unknown as HtmlValue;
    expect(html`${forged}`.toString()).toBe("&lt;script&gt;");
  });

  it("refuses an attribute value without quotes", () => {
    // A tag that the formatter does not know, for it would put the quotes in.
    const tag = html;
    expect(() => tag`<p title=${"x"}></p>`).toThrow("without quotes");
  });
});

describe("dataIsland", () => {
  it("cannot be left by its text, and reads back as it was", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const markup = dataIsland("data", { [text]: text }).toString();
        const json = /^<script type="application\/json" id="data">\s*([^<>&]*)\s*<\/script>$/.exec(markup)?.[1];
        expect(Object.entries(JSON.parse(json ?? "null") as object)).toEqual([[text, text]]);
      }),
    );
  });
});
