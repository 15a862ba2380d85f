import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const here = new URL(".", import.meta.url);
const sources = readdirSync(here).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));

it.each(sources)("`%s` runs in a browser: nothing of Node, no clock, no randomness", (name) => {
  const text = readFileSync(new URL(name, here), "utf8");
  const imports = Array.from(text.matchAll(/from "([^"]+)"/g), ([, from]) => from);
  expect(imports.filter((from) => from !== "@countersign/core" && from?.startsWith("./") !== true)).toEqual([]);
  expect(text).not.toMatch(
    /\b(?:Buffer|process|require|setTimeout|fetch|Date|performance)\b[.(]|Math\.random|getRandomValues/,
  );
});
