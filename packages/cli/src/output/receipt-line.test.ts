import { describe, expect, it } from "vitest";
import { painter } from "./paint.ts";
import { receiptLine } from "./receipt-line.ts";

const plain = painter(false);
const RECEIPT = {
  id: "rcp_1",
  brake: "brk_1",
  kind: "freeze",
  state: "stopped",
  requestedAt: "2026-11-22T02:00:00.000Z",
  settledAt: "2026-11-22T02:00:03.500Z",
};
const mcp = {
  id: "ep_1",
  name: "mcp",
  how: "acknowledged",
  at: "2026-11-22T02:00:00.004Z",
  inFlight: [{ intent: "int_1", disposition: "withheld" }],
};
const far = { id: "ep_2", name: "far", how: "lease_expired", at: "2026-11-22T02:00:03.500Z", inFlight: [] };

describe("receiptLine", () => {
  it("is one line for one point", () => {
    expect(receiptLine({ ...RECEIPT, points: [mcp] }, plain)).toEqual([
      "mcp stopped 4 ms · 1 call cut · brk_1 · thaw needs a passkey",
    ]);
  });

  it("is one line that names each of a few points, and which of them stayed silent", () => {
    const hooks = { ...mcp, name: "hooks", at: "2026-11-22T02:00:00.006Z", inFlight: [] };
    expect(receiptLine({ ...RECEIPT, points: [mcp, hooks] }, plain)).toEqual([
      "mcp stopped 4 ms · hooks stopped 6 ms · 1 call cut · brk_1 · thaw needs a passkey",
    ]);
    expect(receiptLine({ ...RECEIPT, points: [mcp, far] }, plain)).toEqual([
      "mcp stopped 4 ms · far silent, lease ended 3500 ms · 1 call cut · brk_1 · thaw needs a passkey",
    ]);
  });

  it("counts many points, and names the slowest and the silent", () => {
    const many = Array.from({ length: 20 }, (_, i) => ({
      ...mcp,
      name: `gw-${String(i)}`,
      at: `2026-11-22T02:00:00.0${String(10 + i)}Z`,
    }));
    expect(receiptLine({ ...RECEIPT, points: many }, plain)).toEqual([
      "20 points stopped 3500 ms · slowest gw-19 29 ms · 20 calls cut · brk_1 · thaw needs a passkey",
    ]);
    const silent = ["a", "b", "c", "d", "e"].map((name) => ({ ...far, name }));
    expect(receiptLine({ ...RECEIPT, points: [mcp, ...silent] }, plain)).toEqual([
      "6 points stopped 3500 ms · slowest mcp 4 ms · 5 silent, lease ended: a, b, c, d and 1 more · 1 call cut · brk_1 · thaw needs a passkey",
    ]);
  });

  it("never says stopped before it is", () => {
    const [line] = receiptLine({ id: "brk_1", state: "stopping" }, plain);
    expect(line).toContain("not confirmed yet");
    expect(line).not.toContain("points stopped");
  });

  it("spells out control characters of a point's name", () => {
    expect(receiptLine({ ...RECEIPT, points: [{ ...mcp, name: "m\u001b[2K" }] }, plain)[0]).toMatch(
      /^m⟨001B⟩\[2K stopped/,
    );
  });
});
