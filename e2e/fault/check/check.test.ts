import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import type { Arrived, Call, History, Received, Recorded, Scope, Stop } from "./history.ts";

const PATIENCE = { leaseMs: 3500, slackMs: 1500 };
const CALL: Call = {
  call: "c1",
  human: "hum_a",
  device: "dev_a",
  agent: "agt_a",
  task: "tsk_a",
  resource: "https://notes.example/a/c1",
  effect: "write",
};
const arrived = (at: number, more: Partial<Arrived> = {}): Arrived => ({
  ...CALL,
  at,
  notBefore: at - 5,
  whole: true,
  ...more,
});
const received = (at: number, more: Partial<Received> = {}): Received => ({
  ...CALL,
  at,
  notBefore: at - 5,
  begunAt: at - 100,
  what: "result",
  code: null,
  reason: null,
  entry: null,
  ...more,
});
const entry = (index: number, more: Partial<Recorded> = {}): Recorded => ({
  index,
  id: `ent_${String(index)}`,
  kind: "admin",
  point: "ep_a",
  pointSeq: index + 1,
  task: null,
  taskSeq: null,
  resource: null,
  intent: null,
  outcome: null,
  ...more,
});
/** The call c1, recorded with its outcome. */
const LEDGER = [
  entry(0, { kind: "action.intent", intent: "int_1", resource: CALL.resource, task: "tsk_a", taskSeq: 1 }),
  entry(1, { kind: "action.outcome", intent: "int_1", outcome: "ok", task: "tsk_a", taskSeq: 2 }),
];
const stop = (more: Partial<Stop> = {}): Stop => ({
  brake: "brk_1",
  scope: { type: "agent", value: "agt_a" },
  requestedAt: 1000,
  receiptAt: 1100,
  thawedAt: 9000,
  receipt: { state: "stopped", points: [{ how: "acknowledged" }] },
  ...more,
});
const history = (more: Partial<History>): History => ({
  arrived: [],
  received: [],
  stops: [],
  disruptions: [],
  ledger: LEDGER,
  endedAt: 20_000,
  ...more,
});
const kinds = (more: Partial<History>): string[] => check(history(more), PATIENCE).faults.map(({ kind }) => kind);

describe("the checker of fault runs", () => {
  it("finds nothing where nothing is wrong, and counts what there was to stop", () => {
    const verdict = check(
      history({
        arrived: [arrived(900), arrived(1050), arrived(9010)],
        received: [received(950), received(1099), received(9100), received(2000, { what: "refused", entry: "ent_0" })],
        stops: [stop()],
      }),
      PATIENCE,
    );
    expect(verdict).toEqual({ faults: [], uncertain: 0, underWay: 2 });
  });

  it.each<[string, Scope]>([
    ["all", { type: "all", value: "*" }],
    ["the agent", { type: "agent", value: "agt_a" }],
    ["its owner", { type: "owner", value: "hum_a" }],
    ["the device", { type: "device", value: "dev_a" }],
    ["the task", { type: "task", value: "tsk_a" }],
    ["the resource", { type: "resource", value: "https://notes.example/a/c1" }],
    ["resources", { type: "resource", value: "https://notes.example/a/**" }],
  ])("finds bytes after a stop of %s", (_name, scope) => {
    expect(kinds({ stops: [stop({ scope })], arrived: [arrived(1106)] })).toEqual(["byte_upstream"]);
    expect(kinds({ stops: [stop({ scope })], received: [received(8999)] })).toEqual(["byte_to_agent"]);
    expect(kinds({ stops: [stop({ scope, thawedAt: null })], received: [received(19_000)] })).toEqual([
      "byte_to_agent",
    ]);
  });

  it("finds part of a call that came after a stop", () => {
    expect(kinds({ stops: [stop()], arrived: [arrived(1200, { whole: false })] })).toEqual(["byte_upstream"]);
  });

  it.each<Scope>([
    { type: "agent", value: "agt_b" },
    { type: "owner", value: "hum_b" },
    { type: "device", value: "dev_b" },
    { type: "task", value: "tsk_b" },
    { type: "resource", value: "https://notes.example/b/**" },
    { type: "resource", value: "https://notes.example/a" },
  ])("lets pass what a stop does not cover: $type $value", (scope) => {
    expect(kinds({ stops: [stop({ scope })], arrived: [arrived(5000)], received: [received(5000)] })).toEqual([]);
  });

  it("says that it does not know where a byte may have waited to be seen", () => {
    const verdict = check(history({ stops: [stop()], arrived: [arrived(1150, { notBefore: 1099 })] }), PATIENCE);
    expect(verdict).toEqual({ faults: [], uncertain: 1, underWay: 0 });
    const thawed = check(history({ stops: [stop()], arrived: [arrived(9003)] }), PATIENCE);
    expect(thawed).toMatchObject({ faults: [], uncertain: 1 });
  });

  it("does not count a refusal as a byte that a stop withholds", () => {
    expect(kinds({ stops: [stop()], received: [received(5000, { what: "refused" })] })).toEqual([]);
  });

  it("finds stops that take longer than leases and what was broken, and those that never end", () => {
    expect(kinds({ stops: [stop({ receiptAt: 6000 })] })).toEqual([]);
    expect(kinds({ stops: [stop({ receiptAt: 6001 })] })).toEqual(["endless_stop"]);
    expect(kinds({ stops: [stop({ receiptAt: null, receipt: null })] })).toEqual(["endless_stop"]);
    expect(kinds({ stops: [stop({ receiptAt: null, receipt: null })], endedAt: 5000 })).toEqual([]);
    const broken = { what: "server", from: 900, until: 4000, control: true };
    expect(kinds({ stops: [stop({ receiptAt: 8999 })], disruptions: [broken] })).toEqual([]);
    expect(kinds({ stops: [stop({ receiptAt: 9001 })], disruptions: [broken] })).toEqual(["endless_stop"]);
    const again = { ...broken, from: 8000, until: 8500 };
    expect(kinds({ stops: [stop({ receiptAt: 9001 })], disruptions: [again, broken] })).toEqual([]);
    // A point that is gone is no reason to wait longer than its lease.
    expect(kinds({ stops: [stop({ receiptAt: 8999 })], disruptions: [{ ...broken, control: false }] })).toEqual([
      "endless_stop",
    ]);
  });

  it("finds receipts that say nothing", () => {
    expect(kinds({ stops: [stop({ receipt: { state: "stopping", points: [{ how: "" }] } })] })).toEqual([
      "receipt_of_nothing",
    ]);
    expect(kinds({ stops: [stop({ receipt: { state: "stopped", points: [] } })] })).toEqual(["receipt_of_nothing"]);
  });

  it("finds results whose outcome is not in the ledger", () => {
    const [intent, outcome] = LEDGER as [Recorded, Recorded];
    expect(kinds({ received: [received(900)] })).toEqual([]);
    expect(kinds({ received: [received(900)], ledger: [intent] })).toEqual(["lost_outcome"]);
    expect(kinds({ received: [received(900)], ledger: [intent, { ...outcome, outcome: "withheld" }] })).toEqual([
      "lost_outcome",
    ]);
    expect(kinds({ received: [received(900)], ledger: [] })).toEqual(["lost_outcome"]);
  });

  it("finds refusals whose entry is not in the ledger", () => {
    expect(kinds({ received: [received(900, { what: "refused", entry: "ent_9" })] })).toEqual(["lost_entry"]);
  });

  it("finds changes that were sent and not recorded; a read may be cut off before", () => {
    expect(kinds({ arrived: [arrived(900)], ledger: [] })).toEqual(["unrecorded_write"]);
    expect(kinds({ arrived: [arrived(900, { effect: "read" })], ledger: [] })).toEqual([]);
  });

  it("finds gaps in every count", () => {
    expect(kinds({ ledger: [entry(0), entry(2, { pointSeq: 2 })] })).toEqual(["gap"]);
    expect(kinds({ ledger: [entry(0), entry(1, { pointSeq: 3 })] })).toEqual(["gap"]);
    expect(kinds({ ledger: [entry(0), entry(1, { pointSeq: 1 })] })).toEqual(["gap"]);
    const task = (index: number, taskSeq: number): Recorded => entry(index, { task: "tsk_a", taskSeq });
    expect(kinds({ ledger: [task(0, 1), task(1, 3)] })).toEqual(["gap"]);
    expect(kinds({ ledger: [task(0, 1), entry(1), task(2, 2)] })).toEqual([]);
  });
});
