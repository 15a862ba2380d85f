import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ceilings, TaskRows, changedRows } from "./ceilings.ts";

const OK = { ok: true };
const over = (which: string, limit: number): object => ({ ok: false, which, limit });

describe("ceilings of a statement", () => {
  it("count rows while they flow", () => {
    const ceilings = new Ceilings({ rowsRead: 5 }, new TaskRows());
    expect([ceilings.rows(3), ceilings.rows(2), ceilings.rows(1)]).toEqual([OK, OK, over("rowsRead", 5)]);
    expect(ceilings.countsChanges).toBe(false);
  });

  it("name the ceiling that does not hold", () => {
    const task = new TaskRows();
    const one = new Ceilings({ rowsPerStatement: 10, rowsPerTask: 15, relations: 2 }, task);
    expect([one.relations(2), one.relations(3)]).toEqual([OK, over("relations", 2)]);
    expect([one.changed(10, 0), one.changed(1, 0)]).toEqual([OK, over("rowsPerStatement", 10)]);
    const two = new Ceilings({ rowsPerTask: 15 }, task);
    expect([two.changed(4, 0), two.changed(1, 0)]).toEqual([OK, over("rowsPerTask", 15)]);
  });

  it("know the time that a session would give its statements", () => {
    const one = new Ceilings({ statementMs: 4000 }, new TaskRows());
    for (const value of ["1", "4000", "4000ms", "4s"]) expect(one.time(value)).toEqual(OK);
    for (const value of ["0", "4001", "5s", "1min", "-1", "0x1", "1e1", "1h", "1d", "", "4 s", null])
      expect(one.time(value)).toEqual(over("statementMs", 4000));
    expect(new Ceilings({ rowsRead: 1 }, new TaskRows()).time("0")).toEqual(OK);
  });

  it("do not count what was rolled back", () => {
    const task = new TaskRows();
    const limits = { rowsPerTask: 10, rowsPerMinute: 10 };
    const one = new Ceilings(limits, task);
    expect(one.changed(11, 0).ok).toBe(false);
    one.undone();
    one.undone();
    expect(new Ceilings(limits, task).changed(10, 0)).toEqual(OK);
  });

  it("of zero permit nothing", () => {
    expect(new Ceilings({ rowsPerStatement: 0 }, new TaskRows()).changed(1, 0)).toEqual(over("rowsPerStatement", 0));
    expect(new Ceilings({ rowsRead: 0 }, new TaskRows()).rows(0)).toEqual(OK);
  });
});

describe("the rows of a task", () => {
  it("within any minute never pass the ceiling, at whatever times they come", () => {
    const steps = fc.array(fc.record({ rows: fc.nat(20), afterMs: fc.nat(40_000) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 60 }), (all, limit) => {
        const task = new TaskRows();
        const done: { rows: number; at: number }[] = [];
        let now = 0;
        for (const { rows, afterMs } of all) {
          now += afterMs;
          const ceilings = new Ceilings({ rowsPerMinute: limit }, task);
          if (ceilings.changed(rows, now).ok) done.push({ rows, at: now });
          else ceilings.undone();
          const minute = done.filter(({ at }) => at > now - 60_000).reduce((sum, one) => sum + one.rows, 0);
          expect(minute).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  it("are free again after the minute", () => {
    const task = new TaskRows();
    const changed = (now: number): boolean => new Ceilings({ rowsPerMinute: 5 }, task).changed(5, now).ok;
    expect([changed(0), changed(62_000)]).toEqual([true, true]);
  });
});

describe("command tags", () => {
  it.each([
    ["INSERT 0 5", 5],
    ["UPDATE 0", 0],
    ["DELETE 1200", 1200],
    ["MERGE 7", 7],
    ["SELECT 5", 0],
    ["COPY 5", 5],
    ["CREATE TABLE", 0],
  ])("%s", (tag, rows) => expect(changedRows(tag)).toBe(rows));
});
