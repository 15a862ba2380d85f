import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AppError } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore } from "../store/index.ts";
import { Samples } from "../store/testing/samples.ts";
import { checkStateAtStart } from "./check-state.ts";

describe("the check of everything stored", () => {
  let path: string;
  const open = async (): ReturnType<typeof openStore> => await openStore({ path, clock: Date.now });

  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), "countersign-check-"));
    const make = new Samples();
    const human = make.human();
    const store = await open();
    await store.commit({ put: [human], entries: [make.entry(make.id("ep"), make.draft(), [human])] });
    await store.close();
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  /** Somebody with the file removes the record that the ledger knows. */
  const tamper = (): void => {
    const db = new DatabaseSync(join(path, "countersign.db"));
    db.exec("DELETE FROM records");
    db.close();
  };

  it("lets a whole state start, early or late", async () => {
    const store = await open();
    const told: AppError[] = [];
    await checkStateAtStart(store, (error) => told.push(error));
    await checkStateAtStart(store, (error) => told.push(error), 0);
    expect(await store.audit()).toEqual([]);
    expect(told).toEqual([]);
    await store.close();
  });

  it("refuses a changed one before the start goes on, or tells of it beside the work", async () => {
    tamper();
    const store = await open();
    await expect(checkStateAtStart(store, () => undefined)).rejects.toMatchObject({ code: "data.damaged" });
    const { promise, resolve } = Promise.withResolvers<AppError>();
    await checkStateAtStart(store, resolve, 0);
    expect(await promise).toMatchObject({ code: "data.damaged" });
    await store.close();
  });

  it("is given up when the store is closed", async () => {
    const store = await open();
    await checkStateAtStart(store, () => undefined, 0);
    await store.close();
    await expect(store.audit()).rejects.toMatchObject({ code: "ledger.unavailable" });
  });
});
