import { newId } from "@countersign/core";
import type { EntryQuery } from "./store.ts";

/** How far entries that were recorded at once may stand out of their order: clocks of points, and commits side by side. */
const SLACK_MS = 60_000;
/**
 * Recorded at once, so in the order of their times. Entries of other points may have been merged long after; the settlement of a stop has an
 * id of the stop's time, and is recorded later when the server that took it died.
 */
const IN_ORDER = "kind <> 'brake' AND point NOT IN (SELECT id FROM records WHERE kind = 'spool')";

/** A test of SQL; `?` stands for the next value. */
export interface TimeTest {
  readonly test: string;
  readonly value: string;
}

/**
 * Tests for the times of entries. Ids begin with their time, so the ids say exactly which entries these are; where in the journal to look
 * is told by entries that stand in order. What came in a spool stands later than its time says, by at most `lateMs`, and behind the entry
 * `spool.merged` that brought it.
 */
export function timeTests({ since, until }: EntryQuery, lateMs: () => number): readonly TimeTest[] {
  const tests: TimeTest[] = [];
  if (since !== undefined) {
    const before = `SELECT idx FROM journal WHERE id < ? AND ${IN_ORDER} ORDER BY id DESC LIMIT 1`;
    tests.push({ test: "id >= ?", value: first(since) });
    tests.push({ test: `idx >= coalesce((${before}), 0)`, value: first(since - SLACK_MS) });
  }
  if (until !== undefined) {
    const after = `SELECT idx FROM journal WHERE id >= ? AND ${IN_ORDER} ORDER BY id LIMIT 1`;
    tests.push({ test: "id < ?", value: first(until) });
    tests.push({
      test: `idx <= coalesce((${after}), ${String(Number.MAX_SAFE_INTEGER)})`,
      value: first(until + lateMs() + SLACK_MS),
    });
  }
  return tests;
}

function first(time: number): string {
  return newId("ent", Math.max(0, time), (length) => new Uint8Array(length));
}
