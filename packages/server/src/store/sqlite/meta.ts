import type { DatabaseSync } from "node:sqlite";
import { AppError } from "@countersign/core";
import { sameSum, sumOf } from "../sum.ts";

export type MetaName = "generation" | "checkpoint" | "indexed";

/** One small value of the database, or null. Throws `data.damaged` when it decayed. */
export function readMeta(db: DatabaseSync, name: MetaName): string | null {
  const row = db.prepare("SELECT value, sum FROM meta WHERE name = ?").get(name) as
    | { value: string; sum: Uint8Array }
    | undefined;
  if (row === undefined) return null;
  if (!sameSum(row.sum, sumOf(name, row.value))) {
    throw new AppError("data.damaged", {
      detail: `the stored value \`${name}\` is damaged; restore the database from a copy`,
    });
  }
  return row.value;
}

/** First index of the journal that the table `resources` does not hold yet. */
export function indexedSize(db: DatabaseSync): number {
  return Number(readMeta(db, "indexed") ?? 0);
}

export function writeMeta(db: DatabaseSync, name: MetaName, value: string): void {
  db.prepare(
    "INSERT INTO meta(name, value, sum) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, sum = excluded.sum",
  ).run(name, value, sumOf(name, value));
}
