import type { LedgerEntry, PointId } from "@countersign/core";
import { afterEach, beforeEach } from "vitest";
import type { LedgerStore } from "../journal.ts";
import type { Committed, StoredEntry } from "../store.ts";
import { Samples } from "./samples.ts";

/** A database that can be opened again with what it held. */
export interface OpenedDatabase {
  open(): Promise<LedgerStore>;
  remove(): Promise<void>;
}
export type CreateDatabase = () => Promise<OpenedDatabase>;

/** A store of its own for each test, with samples to put into it; `use` is told of each opening. Answers how it is opened again. */
export function eachOpened(
  create: CreateDatabase,
  use: (opened: { readonly store: LedgerStore; readonly make: Samples; readonly point: PointId }) => void,
): () => Promise<void> {
  let database: OpenedDatabase;
  let store: LedgerStore;
  let make: Samples;
  let point: PointId;
  const open = async (): Promise<void> => {
    store = await database.open();
    use({ store, make, point });
  };
  beforeEach(async () => {
    database = await create();
    make = new Samples();
    point = make.id("ep");
    await open();
  });
  afterEach(async () => {
    await store.close();
    await database.remove();
  });
  return async () => {
    await store.close();
    await open();
  };
}

export function entryOf(stored: StoredEntry | null | undefined): LedgerEntry {
  return stored?.body as unknown as LedgerEntry;
}

export function ok(committed: Committed): Extract<Committed, { ok: true }> {
  if (!committed.ok) throw new Error(`refused: ${JSON.stringify(committed)}`);
  return committed;
}
