import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../open-store.ts";
import { journalSuite } from "../testing/journal-suite.ts";
import type { OpenedDatabase } from "../testing/opened-store.ts";
import { storeSuite } from "../testing/store-suite.ts";

async function create(): Promise<OpenedDatabase> {
  const path = await mkdtemp(join(tmpdir(), "countersign-store-"));
  return {
    open: () => openStore({ path, clock: () => 1_800_000_000_000 }),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

storeSuite("SQLite", create);
journalSuite("SQLite", create);
