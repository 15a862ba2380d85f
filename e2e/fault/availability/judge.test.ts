import { describe, expect, it } from "vitest";
import type { Received, Recorded } from "../check/history.ts";
import { type KeptReceipt, type Outage, type Seen, judge } from "./judge.ts";

const GRACE_MS = 3500;
const OUTAGE: Outage = { what: "the primary was killed", from: 10_000, until: 16_000, failover: true };
const received = (at: number, more: Partial<Received> = {}): Received => ({
  call: `c${String(at)}`,
  human: "hum_a",
  device: "dev_a",
  agent: "agt_a",
  task: "tsk_a",
  resource: "https://notes.example/a/c1",
  effect: "write",
  begunAt: at - 20,
  notBefore: at - 5,
  at,
  what: "result",
  code: null,
  reason: null,
  entry: null,
  ...more,
});
const refused = (at: number, code: string): Received => received(at, { what: "refused", code, reason: "no" });
const RESULTS = [5000, 25_000].flatMap((at) => [received(at), received(at, { effect: "read" })]);
const receipt = (requestedAt: number, generation: number, entryIndex: number): KeptReceipt => ({
  requestedAt,
  brake: `brk_${String(entryIndex)}`,
  generation,
  entryIndex,
});
const entry = (index: number, resource: string, kind = "brake"): Recorded => ({
  index,
  id: `ent_${String(index)}`,
  kind,
  point: "ep_a",
  pointSeq: index + 1,
  task: null,
  taskSeq: null,
  resource,
  intent: null,
  outcome: null,
});
const seen = (more: Partial<Seen>): Seen => ({
  received: RESULTS,
  receipts: [receipt(9000, 1, 0), receipt(17_000, 2, 2)],
  outages: [OUTAGE],
  ledger: ["brk_0", "brk_0", "brk_2", "brk_2"].map((resource, index) => entry(index, resource)),
  ...more,
});
const kinds = (more: Partial<Seen>): string[] => judge(seen(more), GRACE_MS).map(({ kind }) => kind);
const withRefusal = (at: number, code: string): string[] => kinds({ received: [...RESULTS, refused(at, code)] });

describe("the judge of availability", () => {
  it("finds nothing where who was refused was refused for want of a lease or the ledger, in time", () => {
    expect(kinds({})).toEqual([]);
    for (const at of [10_000, 15_000, 19_500]) {
      expect(withRefusal(at, "lease.lost")).toEqual([]);
      expect(withRefusal(at, "ledger.unavailable")).toEqual([]);
    }
  });

  it("finds refusals from before, from later than one lease, and with anything else", () => {
    expect(withRefusal(9999, "lease.lost")).toEqual(["false_denial"]);
    expect(withRefusal(19_506, "lease.lost")).toEqual(["false_denial"]);
    expect(withRefusal(19_506, "ledger.unavailable")).toEqual(["false_denial"]);
    for (const code of ["task.unknown", "brake.frozen", "upstream.down", "policy.denied"])
      expect(withRefusal(12_000, code)).toEqual(["false_denial"]);
  });

  it("finds calls that nobody answered, at any time", () => {
    for (const at of [5000, 12_000, 30_000])
      expect(kinds({ received: [...RESULTS, received(at, { what: "unanswered", reason: "gone" })] })).toEqual([
        "unanswered",
      ]);
  });

  it("finds who is not served any more", () => {
    const gone = [...RESULTS, received(5000, { task: "tsk_b", agent: "agt_b" })];
    expect(kinds({ received: gone })).toEqual(["not_served", "not_served"]);
    const noWrites = RESULTS.filter(({ effect, at }) => effect === "read" || at < 10_000);
    expect(kinds({ received: noWrites })).toEqual(["not_served"]);
    // Under way all the time is not served again.
    const long = received(25_000, { effect: "read", begunAt: 12_000 });
    expect(kinds({ received: [...RESULTS.slice(0, 3), long] })).toEqual(["not_served"]);
  });

  it("finds receipts whose stop or settlement is not in the ledger", () => {
    const ledger = seen({}).ledger.slice(0, 2);
    expect(kinds({ ledger })).toEqual(["lost_receipt"]);
    expect(kinds({ ledger: [...ledger, entry(2, "brk_2", "admin")] })).toEqual(["lost_receipt"]);
    expect(kinds({ ledger: [...ledger, entry(2, "brk_2"), entry(3, "brk_9")] })).toEqual(["lost_receipt"]);
  });

  it("finds generations that do not rise with a new primary, or of which nothing is known", () => {
    expect(kinds({ receipts: [receipt(9000, 1, 0), receipt(17_000, 1, 2)] })).toEqual(["generation"]);
    expect(kinds({ receipts: [receipt(9000, 2, 0), receipt(17_000, 1, 2)] })).toEqual(["generation"]);
    expect(kinds({ receipts: [receipt(9000, 1, 0)] })).toEqual(["generation"]);
    expect(kinds({ outages: [{ ...OUTAGE, failover: false }], receipts: [receipt(9000, 1, 0)] })).toEqual([]);
  });
});
