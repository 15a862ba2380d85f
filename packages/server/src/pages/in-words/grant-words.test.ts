import { expect, it } from "vitest";
import { grantWords } from "./grant-words.ts";

const words = (...grants: readonly (readonly [action: string, resource: string])[]): readonly string[] =>
  grantWords(grants.map(([action, resource]) => ({ action, resource }))).map((line) =>
    line.toString().replace(/<[^>]+>/g, ""),
  );

it.each([
  ["mcp:*/*", "**", "any tool of any server: on anything"],
  ["mcp:a/read_*", "**", "tools named read_* of a: on anything"],
  ["mcp:a/write_file", "file:/x/y", "the tool write_file of a: on the file /x/y"],
  ["mcp:a#**", "**", "resources, prompts and completions of a: on anything"],
  ["mcp:a#tools/list", "mcp:a", "mcp:a#tools/list: on the server itself"],
  ["mcp:a/**", "file:/x/**", "any tool of a: on files below /x"],
  ["mcp:a/**", "file:/**", "any tool of a: on any file"],
  ["mcp:a/**", "mcp:b", "any tool of a: on mcp:b"],
  ["mcp:a/**", "file:**/notes/**", "any tool of a: on file:**/notes/**"],
  ["tool:codex/**", "file:/x/**", "its own shell, edits and fetches: on files below /x"],
  ["tool:codex/shell", "**", "tool:codex/shell: on anything"],
  ["**", "**", "**: on anything"],
])("%s @ %s is %s", (action, resource, line) => {
  expect(words([action, resource])).toEqual([line]);
});

it("takes together what one action may touch", () => {
  const grants = ["mcp:a", "file:/x", "file:/x/**", "https://**", "http://**"].map((one) => ["mcp:a/**", one] as const);
  expect(words(...grants)).toEqual([
    "any tool of a: on the server itself, on files in and below /x, at any web address",
  ]);
  expect(words(["mcp:a/**", "https://**"])).toEqual(["any tool of a: on https://**"]);
});

it("never lets a narrower resource hide that anything is allowed", () => {
  expect(words(["mcp:a/**", "file:/x"], ["mcp:a/**", "**"])).toEqual(["any tool of a: on anything"]);
});

it("says the ceilings of a grant, and what statements it covers", () => {
  const lines = grantWords([
    { action: "sql:billing/*", resource: "sql:billing/public.*", limits: { rowsPerTask: 5, rowsPerMinute: 2 } },
    { action: "sql:billing/*", resource: "sql:billing/public.b" },
    { action: "sql:billing/preview", resource: "**" },
  ]).map((line) => line.toString().replace(/<[^>]+>/g, ""));
  expect(lines).toEqual([
    "any statement in billing: on sql:billing/public.*; at most 5 rows changed in a task, 2 rows changed in a minute",
    "any statement in billing: on sql:billing/public.b",
    "sql:billing/preview: on anything",
  ]);
});
