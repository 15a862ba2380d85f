import type { JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { listAt } from "../client/fields.ts";
import { aligned, table } from "./table.ts";

export interface ListPage {
  /** The member of the answer that holds the list. */
  readonly member: string;
  readonly heads: readonly string[];
  readonly row: (one: JsonObject) => readonly string[];
  /** What to say, and to do next, when there is none. */
  readonly none: string;
}

/** Answers a list: as it came with `--json`, else as a table. */
export function answerList(cli: Cli, answer: JsonObject, { member, heads, row, none }: ListPage): void {
  const items = listAt(answer, member);
  cli.out.answer(answer, () => (items.length === 0 ? [none] : table(heads, items.map(row))));
}

/** Answers one thing: as it came with `--json`, else as `name  value` lines. */
export function answerOne(cli: Cli, answer: JsonObject, rows: readonly (readonly [string, string])[]): void {
  cli.out.answer(answer, () => aligned(rows));
}
