import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INVARIANTS } from "./support/invariants.ts";

const root = join(import.meta.dirname, "..");

async function testFiles(): Promise<string[]> {
  const found = await Promise.all(
    ["e2e", "packages", "tools"].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  return found.flat().filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"));
}

describe("invariants", async () => {
  const sources = await Promise.all((await testFiles()).map(async (name) => await readFile(join(root, name), "utf8")));
  const cited = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/verifies\(([^)]*)\)/g)].flatMap((call) =>
        [...(call[1] ?? "").matchAll(/INV-\d+/g)].map((id) => id[0]),
      ),
    ),
  );
  const threatModel = await readFile(join(root, "docs", "threat-model.md"), "utf8");

  it.each(INVARIANTS)("%s is shown by a test", (id) => {
    expect([...cited]).toContain(id);
  });
  it.each(INVARIANTS)("%s has a row in the threat model", (id) => {
    expect(threatModel).toMatch(new RegExp(`\\| ${id} \\|`));
  });
  it("cites no invariant that does not exist", () => {
    expect([...cited].filter((id) => !(INVARIANTS as readonly string[]).includes(id))).toEqual([]);
  });
});
