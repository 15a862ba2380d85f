import type { LimitName, Limits } from "@countersign/core";

/** Whether a ceiling still holds, and which does not. */
export type Within = { readonly ok: true } | { readonly ok: false; readonly which: LimitName; readonly limit: number };

const WITHIN: Within = { ok: true };
const MINUTE_MS = 60_000;
const SLICE_MS = 1000;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: MINUTE_MS };

/** The rows that one task changes in one database: all together, and within any minute. Times are monotonic, in ms. */
export class TaskRows {
  #total = 0;
  /** Rows by second, oldest first; of a second that lies only partly within the minute all of them count. */
  #slices: { readonly at: number; rows: number }[] = [];

  /** Takes rows into account. They count from here on, whether or not they were too many. */
  add(rows: number, now: number): void {
    this.#total += rows;
    const at = Math.floor(now / SLICE_MS) * SLICE_MS;
    const last = this.#slices.at(-1);
    if (last?.at === at) last.rows += rows;
    else this.#slices.push({ at, rows });
    this.#forget(now);
  }

  /** What was rolled back was not changed. */
  takeBack(rows: number): void {
    this.#total -= rows;
    let left = rows;
    for (const slice of this.#slices.toReversed()) {
      const taken = Math.min(slice.rows, left);
      slice.rows -= taken;
      left -= taken;
    }
  }

  /** Whether `rows` more would still be within the ceilings. */
  allows(rows: number, limits: Limits, now: number): Within {
    this.#forget(now);
    const minute = this.#slices.reduce((sum, slice) => sum + slice.rows, 0);
    return first([below("rowsPerTask", this.#total + rows, limits), below("rowsPerMinute", minute + rows, limits)]);
  }

  #forget(now: number): void {
    this.#slices = this.#slices.filter(({ at }) => at > now - MINUTE_MS - SLICE_MS);
  }
}

/** The ceilings of one statement, counted while it runs. */
export class Ceilings {
  readonly #limits: Limits;
  readonly #task: TaskRows;
  #read = 0;
  #changed = 0;

  constructor(limits: Limits, task: TaskRows) {
    this.#limits = limits;
    this.#task = task;
  }

  /** True when the rows that it changes have to be counted before they are committed. */
  get countsChanges(): boolean {
    const { rowsPerStatement, rowsPerTask, rowsPerMinute } = this.#limits;
    return [rowsPerStatement, rowsPerTask, rowsPerMinute].some((limit) => limit !== undefined);
  }

  /** Before anything is sent: how many relations it touches. */
  relations(count: number): Within {
    return below("relations", count, this.#limits);
  }

  /** The time that a session would give its statements: whole ms, or with a unit. What is no such time, and none at all, is too much. */
  time(value: string | null): Within {
    const [, digits, unit = "ms"] = /^(\d{1,10})(ms|s|min)?$/.exec(value ?? "") ?? [];
    const ms = Number(digits) * (UNITS[unit] ?? Infinity);
    return below("statementMs", ms > 0 ? ms : Infinity, this.#limits);
  }

  /** Rows that are about to go to the client. */
  rows(count: number): Within {
    this.#read += count;
    return below("rowsRead", this.#read, this.#limits);
  }

  /** Rows that it has changed and not committed; they count for the task from here on, until {@link undone}. */
  changed(count: number, now: number): Within {
    const before = this.#task.allows(count, this.#limits, now);
    this.#changed += count;
    this.#task.add(count, now);
    return first([below("rowsPerStatement", this.#changed, this.#limits), before]);
  }

  /** It was rolled back. */
  undone(): void {
    this.#task.takeBack(this.#changed);
    this.#changed = 0;
  }
}

function below(which: LimitName, value: number, limits: Limits): Within {
  const limit = limits[which];
  // INV-2: what is no number is no count.
  return limit === undefined || value <= limit ? WITHIN : { ok: false, which, limit };
}

function first(all: readonly Within[]): Within {
  return all.find(({ ok }) => !ok) ?? WITHIN;
}

/** Why a ceiling does not hold, one clause; null: it does. */
export function exceededBy(within: Within): string | null {
  return within.ok ? null : `the ceiling \`${within.which}\` is ${String(within.limit)}`;
}

/** The rows that a command tag of PostgreSQL counts as changed. Of a COPY it does not say in which direction: the rows of either count. */
export function changedRows(tag: string): number {
  const found = /^(?:INSERT 0|UPDATE|DELETE|MERGE|COPY) (\d+)$/.exec(tag);
  return found?.[1] === undefined ? 0 : Number(found[1]);
}
