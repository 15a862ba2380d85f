import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { TestSpecification, Vitest } from "vitest/node";
import { LONG, LongestFirst } from "./test-order.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

it("names files that are there", () => {
  expect(LONG.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
  expect(new Set(LONG).size).toBe(LONG.length);
});

it("begins with the longest, then what starts processes, and leaves nothing out", async () => {
  const paths = ["packages/a.test.ts", "e2e/new.test.ts", LONG[1] ?? "", "packages/b.test.ts", LONG[0] ?? ""];
  const files = paths.map((path) => ({ moduleId: `${ROOT}/${path}` }) as TestSpecification);
  const sorted = await new LongestFirst({ config: { root: ROOT } } as Vitest).sort(files);
  expect(sorted.map(({ moduleId }) => moduleId.slice(ROOT.length + 1))).toEqual([
    LONG[0],
    LONG[1],
    "e2e/new.test.ts",
    "packages/a.test.ts",
    "packages/b.test.ts",
  ]);
});
