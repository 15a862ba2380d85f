import { LIMIT_NAMES, type LimitName, type Limits } from "@countersign/core";

const WORDS: Readonly<Record<LimitName, (limit: number) => string>> = {
  rowsPerStatement: (limit) => `${String(limit)} rows changed by one statement`,
  rowsPerTask: (limit) => `${String(limit)} rows changed in a task`,
  rowsPerMinute: (limit) => `${String(limit)} rows changed in a minute`,
  relations: (limit) => `${String(limit)} relations touched by one statement`,
  statementMs: (limit) => `${String(limit / 1000)} s for one statement`,
  rowsRead: (limit) => `${String(limit)} rows read by one statement`,
};

/** Each ceiling in words, as what follows `at most`. */
export function limitWords(limits: Limits): readonly string[] {
  return LIMIT_NAMES.flatMap((name) => {
    const limit = limits[name];
    return limit === undefined ? [] : [WORDS[name](limit)];
  });
}
