import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Holdings } from "./holdings.ts";
import type { RecordKey } from "./needs.ts";

const key = (n: number): RecordKey => `human ${String(n)}`;

/** What roots reach, by the plainest walk. */
function reached(roots: ReadonlySet<RecordKey>, edges: ReadonlyMap<RecordKey, ReadonlySet<RecordKey>>): Set<RecordKey> {
  const found = new Set(roots);
  for (const one of found) for (const other of edges.get(one) ?? []) found.add(other);
  return found;
}

describe("Holdings", () => {
  it("forgets exactly what no root reaches any more, cycles too", () => {
    const node = fc.nat(7);
    const step = fc.oneof(
      fc.record({ act: fc.constant("root" as const), at: node }),
      fc.record({ act: fc.constant("unroot" as const), at: node }),
      fc.record({ act: fc.constant("add" as const), at: node, needs: fc.array(node, { maxLength: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const holdings = new Holdings();
        const roots = new Set<RecordKey>();
        const edges = new Map<RecordKey, Set<RecordKey>>();
        for (const taken of steps) {
          const at = key(taken.at);
          if (taken.act === "root") roots.add(at);
          if (taken.act === "root") holdings.root(at);
          if (taken.act === "unroot") roots.delete(at);
          if (taken.act === "unroot") holdings.unroot(at);
          if (taken.act !== "add") continue;
          for (const other of taken.needs) edges.set(at, (edges.get(at) ?? new Set()).add(key(other)));
          holdings.add(at, taken.needs.map(key));
        }
        const all = Array.from({ length: 8 }, (_, n) => key(n));
        const gone = new Set(holdings.release(all));
        const live = reached(roots, edges);
        for (const one of all) expect(gone.has(one)).toBe(!live.has(one));
        for (const one of holdings.keys()) expect(live.has(one)).toBe(true);
      }),
    );
  });

  it("keeps what something outside of the question needs", () => {
    const holdings = new Holdings();
    holdings.root("task a");
    holdings.root("task b");
    holdings.add("task a", ["human h", "device d"]);
    holdings.add("task b", ["human h"]);
    holdings.unroot("task a");
    expect([...holdings.release(["task a"])].sort()).toEqual(["device d", "task a"]);
    expect(holdings.has("human h")).toBe(false);
    expect(holdings.release(["human h"])).toEqual([]);
    holdings.unroot("task b");
    expect([...holdings.release(["task b"])].sort()).toEqual(["human h", "task b"]);
    expect(holdings.size).toBe(0);
  });

  it("answers what a record was not known to need", () => {
    const holdings = new Holdings();
    expect(holdings.add("agent a", ["human h"])).toEqual(["human h"]);
    expect(holdings.add("agent a", ["human h", "passkey p"])).toEqual(["passkey p"]);
  });
});
