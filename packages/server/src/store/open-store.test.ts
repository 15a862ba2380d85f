import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "./open-store.ts";
import { storeSuite } from "./testing/store-suite.ts";

storeSuite("SQLite", async () => {
  const path = await mkdtemp(join(tmpdir(), "countersign-store-"));
  return {
    open: () => openStore({ path, clock: () => 1_800_000_000_000 }),
    remove: () => rm(path, { recursive: true, force: true }),
  };
});
