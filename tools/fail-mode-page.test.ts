import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { failModePage } from "./fail-mode-page.ts";

it("is the page that operators read", () => {
  const page = readFileSync(new URL("../docs/operate/fail-modes.md", import.meta.url), "utf8");
  expect(squeezed(page), "run `node tools/write-fail-mode-page.ts`").toBe(squeezed(failModePage()));
});

/** As the formatter does, which pads the cells. */
function squeezed(text: string): string {
  return text
    .replace(/[ \t]+/g, " ")
    .replace(/-{3,}/g, "---")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
}
