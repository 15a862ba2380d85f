import { describe, expect, it } from "vitest";
import { createCedarEvaluator } from "./cedar-evaluator.ts";
import { DEFAULT_POLICIES } from "./default-policies.ts";
import { parsePolicies } from "./parse-policies.ts";
import { evaluatorOf, request } from "./testing/fixtures.ts";

const ANY = "(principal, action, resource)";
const deep = (n: number, open: string, close: string): string =>
  `permit ${ANY} when { ${open.repeat(n)}true${close.repeat(n)} };`;

/** Texts that would break, stall or fool a parser. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ["64 open brackets and more", deep(300, "(", ")")],
  ["nested sets", `permit ${ANY} when { ${"[".repeat(300)}1${"]".repeat(300)}.isEmpty() };`],
  ["nested ifs", deep(300, "if true then ", " else true")],
  ["else-ifs", `permit ${ANY} when { ${"if true then true else ".repeat(900)}true };`],
  ["a chain of 20,000 `&&`", `permit ${ANY} when { ${"true && ".repeat(20_000)}true };`],
  ["a chain of 60 `&&`", `permit ${ANY} when { ${"context.risk < 3 && ".repeat(60)}true };`],
  ["an access path of 20,000 steps", `permit ${ANY} when { context${".a".repeat(20_000)} };`],
  ["nested negations", deep(5_000, "!", "")],
  ["a number of 100,000 digits", `permit ${ANY} when { context.risk < ${"9".repeat(100_000)} };`],
  ["a number beyond 2^53", `permit ${ANY} when { context.risk < 9007199254740993 };`],
  ["an open string of half a megabyte", `permit ${ANY} when { "${"x".repeat(500_000)} };`],
  ["a megabyte and a byte", `// ${"x".repeat(1_048_574)}`],
  ["a megabyte in other characters", `// ${"é".repeat(524_288)}`],
  ["a lone surrogate", `permit ${ANY} when { "\ud800" == "" };`],
  ["zero bytes", "\u0000".repeat(1_000)],
  ["5,001 policies", `permit ${ANY};\n`.repeat(5_001)],
];

describe("parsePolicies", () => {
  const witness = evaluatorOf('@id("witness") permit (principal, action, resource);');

  it.each(HOSTILE)("refuses %s and leaves this thread's engine whole", async (_name, text) => {
    const result = await parsePolicies(text);
    expect(result).toMatchObject({
      ok: false,
      code: "policy.invalid",
      problems: [{ message: expect.stringMatching(/^.{1,300}$/s) as string }],
    });
    expect(witness.evaluate(request()).permits).toEqual(["witness"]);
  });

  it("ends a parser that takes too long", async () => {
    const text = `permit ${ANY} when { [${Array.from({ length: 100_000 }, (_, i) => i).join()}].contains(context.risk) };`;
    const result = await parsePolicies(text, { timeoutMs: 1 });
    expect(result).toMatchObject({ ok: false, problems: [{ message: expect.stringContaining("too long") }] });
  });

  it("takes 5,000 policies, and the engine loads what it took", async () => {
    const text = Array.from(
      { length: 5_000 },
      (_, i) => `@id("p${String(i)}") permit ${ANY} when { context.risk == ${String(i)} };`,
    ).join("\n");
    const result = await parsePolicies(text, { timeoutMs: 100_000 });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.set.policies).toHaveLength(5_000);
    expect(createCedarEvaluator(result.set).evaluate(request()).permits).toEqual(["p3"]);
  }, 120_000);

  it("takes expressions just below the limits, and the engine loads them", async () => {
    const text = `${deep(60, "(", ")")} permit ${ANY} when { ${"context.risk < 30 && ".repeat(50)}true };`;
    const result = await parsePolicies(text);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(createCedarEvaluator(result.set).evaluate(request()).permits).toEqual(["policy0", "policy1"]);
  });

  it("takes the default policies", async () => {
    const result = await parsePolicies(DEFAULT_POLICIES);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.set.warnings).toEqual([]);
    expect(result.set.policies.map(({ id }) => id)).toEqual([
      "default:read-write",
      "default:own-task",
      "default:grave",
      "default:hold-grave",
    ]);
    expect(result.set.policies.every(({ est }) => est.annotations?.["id"] !== undefined)).toBe(true);
  });
});
