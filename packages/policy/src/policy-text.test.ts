import { describe, expect, it } from "vitest";
import { splitPolicies } from "./policy-text.ts";

const limits = { policies: 3, nesting: 4 };

describe("splitPolicies", () => {
  it("splits at the `;` that end policies and tells their lines", () => {
    const text =
      '// a; b\npermit (principal, action, resource)\n  when { "x;\\";//" == "}" };\n\n forbid (principal, action, resource); // end;\n';
    const split = splitPolicies(text, limits);
    if (!split.ok) throw new Error(split.message);
    expect(split.pieces.map(({ line }) => line)).toEqual([2, 5]);
    expect(split.pieces.map((piece) => piece.text).join("") + split.rest).toBe(text);
    expect(split.rest).toBe(" // end;\n");
  });

  it.each([
    ["brackets", "((((( true )))))", "nested"],
    ["mixed brackets", "{[({(1)})]}", "nested"],
    [
      "a chain of ifs",
      "if a then b else if a then b else if a then b else if a then b else if a then b else c",
      "nested",
    ],
    ["closing brackets before opening ones", "))))) ((((( true", "nested"],
    ["a bracket behind a carriage return", "// \r((((( true", "nested"],
    ["an open string", 'permit "never closed', "string"],
    ["too many", "a; b; c; d;", "policies"],
  ])("refuses %s", (_name, text, word) => {
    expect(splitPolicies(text, limits)).toMatchObject({ ok: false, line: 1, message: expect.stringContaining(word) });
  });

  it("starts each policy anew, and sees no nesting in strings and comments", () => {
    expect(splitPolicies('(((( a )))); "(((((((" ; // ((((((((\n', limits).ok).toBe(true);
  });

  it("takes a text of a megabyte in linear time and without a stack", () => {
    const deep = splitPolicies("(".repeat(1_000_000), { policies: 1, nesting: 2_000_000 });
    expect(deep.ok).toBe(true);
    expect(splitPolicies('"'.repeat(999_999), limits)).toMatchObject({ ok: false });
  });
});
