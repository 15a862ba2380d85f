import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compareWithBash } from "./testing/differential.ts";

describe("the judge beside a real bash", () => {
  const root = mkdtempSync(join(tmpdir(), "countersign-judge-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("foresees every call and every changed file of the lines that it claims to know", () => {
    const { disagreements, known, calls, changes } = compareWithBash(root, { seed: 1, runs: 1500 });
    expect(disagreements).toEqual([]);
    // Otherwise the comparison would compare nothing.
    expect(known).toBeGreaterThan(200);
    expect(calls).toBeGreaterThan(100);
    expect(changes).toBeGreaterThan(50);
  });
});
