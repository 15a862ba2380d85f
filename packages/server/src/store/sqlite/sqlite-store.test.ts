import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStore } from "../open-store.ts";
import { boardSuite } from "../testing/board-suite.ts";
import { journalSuite } from "../testing/journal-suite.ts";
import type { OpenedDatabase } from "../testing/opened-store.ts";
import { resourceSuite } from "../testing/resource-suite.ts";
import { storeSuite } from "../testing/store-suite.ts";

async function create(): Promise<OpenedDatabase> {
  const path = await mkdtemp(join(tmpdir(), "countersign-store-"));
  return {
    open: () => openStore({ path, clock: () => 1_800_000_000_000 }),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

describe("generation on SQLite", () => {
  it("grows by one at each start", async () => {
    const database = await create();
    const first = await database.open();
    await first.close();
    const second = await database.open();
    expect(second.generation).toBe(first.generation + 1);
    expect(await second.head()).toEqual({ generation: second.generation, version: 0 });
    await second.close();
    await database.remove();
  });
});

storeSuite("SQLite", create);
journalSuite("SQLite", create);
boardSuite("SQLite", create);
resourceSuite("SQLite", create);
