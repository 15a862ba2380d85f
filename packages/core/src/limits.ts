import { type Json, isJsonObject } from "./json.ts";

export const LIMIT_NAMES = [
  /** Rows that one statement changes. */
  "rowsPerStatement",
  /** Rows that a task changes, all statements together. */
  "rowsPerTask",
  /** Rows that a task changes within any minute. */
  "rowsPerMinute",
  /** Relations that one statement touches. */
  "relations",
  /** How long one statement runs, in ms. */
  "statementMs",
  /** Rows that one statement answers with. */
  "rowsRead",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];
/** What one grant, or one upstream, lets statements do at most. Absent: no ceiling of its own. */
export type Limits = { readonly [N in LimitName]?: number };
/** The largest ceiling that can be written. */
export const MOST_LIMIT = 2_147_483_647;

/** The least of all ceilings: every one of them holds, so that one more can only narrow. */
export function narrowest(all: readonly (Limits | undefined)[]): Limits {
  const out: Partial<Record<LimitName, number>> = {};
  for (const name of LIMIT_NAMES) {
    const values = all.flatMap((limits) => limits?.[name] ?? []);
    if (values.length > 0) out[name] = Math.min(...values);
  }
  return out;
}

/** Ceilings as they stand in data from outside; null when they are none. */
export function readLimits(value: Json | undefined): Limits | null {
  if (!isJsonObject(value)) return null;
  const known = Object.entries(value).every(
    ([name, limit]) => LIMIT_NAMES.some((one) => one === name) && isLimit(limit),
  );
  return known ? value : null;
}

function isLimit(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MOST_LIMIT;
}
