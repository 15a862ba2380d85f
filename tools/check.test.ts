import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GateResult } from "./gate.ts";
import { GATES } from "./gates.ts";
import { BAD_FILES } from "./testing/bad-files.ts";
import type { Fixture } from "./testing/fixture.ts";
import { makeFixture } from "./testing/fixture.ts";

const fixtures: Fixture[] = [];
function fixture(extra: Readonly<Record<string, string>> = {}): string {
  const made = makeFixture(extra);
  fixtures.push(made);
  return made.root;
}
afterAll(() => {
  for (const { remove } of fixtures) remove();
});

describe.each(GATES)("gate `$name`", ({ name, check }) => {
  const bad = BAD_FILES.filter(({ gate }) => gate === name);
  let result: GateResult;
  beforeAll(async () => {
    result = await check(fixture(Object.fromEntries(bad.map(({ path, text }) => [path, text]))));
  });

  it("passes a workspace that breaks no rule", async () => {
    expect(await check(fixture())).toMatchObject({ ok: true });
  });

  it.each(bad)("fires on $breaks", ({ path, says }) => {
    expect(result.ok).toBe(false);
    const lines = result.output.split("\n");
    expect(lines.some((line) => line.includes(path) && line.includes(says))).toBe(true);
  });
});

describe("the direction gate", () => {
  const gate = GATES.find(({ name }) => name === "direction");

  it("fails when the tool looks at nothing, instead of reporting no violation", async () => {
    const root = fixture({
      ".dependency-cruiser.mjs": 'export default { forbidden: [], options: { exclude: { path: "." } } };\n',
    });
    expect(await gate?.check(root)).toMatchObject({ ok: false, output: expect.stringContaining("not-cruised") });
  });

  it("fails when the tool itself fails", async () => {
    const root = fixture({ ".dependency-cruiser.mjs": "export default { forbidden: 1 };\n" });
    expect(await gate?.check(root)).toMatchObject({ ok: false });
  });
});

describe("the layout gate", () => {
  const gate = GATES.find(({ name }) => name === "layout");
  const files = (lines: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`packages/core/src/file-${i}.ts`, "export {};\n".repeat(lines)]),
    );

  it("fires when the median source file is longer than 100 lines", async () => {
    expect(await gate?.check(fixture(files(100)))).toMatchObject({ ok: true });
    expect(await gate?.check(fixture(files(101)))).toMatchObject({
      ok: false,
      output: expect.stringContaining("long-files"),
    });
  });
});
