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

  it("names each point, and which of them stayed silent", () => {
    expect(receiptLine({ ...RECEIPT, points: [mcp, far] }, plain)).toEqual([
      "mcp stopped 4 ms",
      "far silent, lease ended 3500 ms",
      "2 points stopped 3500 ms · 1 call cut · brk_1 · thaw needs a passkey",
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
