import type { StateRecord } from "@countersign/core";
import { type Kernel, serverEntry } from "../kernel.ts";
import { unknownOutcomes } from "../ledger/index.ts";
import { withState } from "../store/index.ts";

type PointRecord = StateRecord<"point">;

/** Intents that are closed in one transaction. */
const BATCH = 256;

/**
 * INV-6: closes what a point had begun that fell silent, and notes in its record that this is done: exactly once, because each step is a commit
 * that expects the record as it was. Whoever joins as this point, and whoever else closes, changes the record too. Answers the record as it is
 * then; null when somebody else was faster.
 */
export async function closeLeft(kernel: Kernel, point: PointRecord): Promise<PointRecord | null> {
  const open = await unknownOutcomes(kernel, point.id);
  for (let record = point, at = 0; ; at += BATCH) {
    const entries = open.slice(at, at + BATCH);
    const isLast = at + BATCH >= open.length;
    const { unclosed: _unclosed, ...closed } = record.state;
    const put = withState(record, isLast ? closed : record.state);
    const closing = { action: "point.closed", resource: record.id, cause: { intents: entries.length }, changes: [put] };
    const committed = await kernel.store.commit({
      expect: [{ kind: "point", id: record.id, version: record.version }],
      put: [put],
      entries: [serverEntry(kernel, "identity", closing), ...entries],
    });
    if (!committed.ok) return null;
    record = { ...put, version: committed.version } as PointRecord;
    if (isLast) return record;
  }
}
