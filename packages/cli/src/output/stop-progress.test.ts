import { describe, expect, it } from "vitest";
import { LiveLine, progressLine } from "./stop-progress.ts";

const NOW = Date.parse("2026-11-22T02:00:00.000Z");
const point = (name: string, how: string | null): object => ({ id: `ep_${name}`, name, how, at: null, inFlight: [] });
const stopping = (points: readonly object[], more: object = {}): Parameters<typeof progressLine>[0] =>
  ({ id: "brk_1", state: "stopping", points, ...more }) as never;

describe("the progress of a stop", () => {
  it("goes from requested over each confirmation, and names who is waited for and until when at most", () => {
    expect(progressLine(stopping([]), NOW)).toBe("stopping · requested");
    const leasesEndAt = "2026-11-22T02:00:03.500Z";
    const some = [point("mcp", "acknowledged"), point("hooks", "acknowledged"), point("far", null)];
    expect(progressLine(stopping(some, { leasesEndAt }), NOW)).toBe(
      "stopping · confirmed by 2/3 · waiting for far (silent ones have lost their lease in 4 s)",
    );
    expect(progressLine(stopping([point("mcp", "acknowledged")]), NOW)).toBe("stopping · confirmed by 1/1");
  });

  it("names only some of many, and spells out control characters", () => {
    const many = Array.from({ length: 9 }, (_, i) => point(i === 0 ? "x\u001b[2K" : `gw-${String(i)}`, null));
    expect(progressLine(stopping(many), NOW)).toBe(
      "stopping · confirmed by 0/9 · waiting for x⟨001B⟩[2K, gw-1, gw-2, gw-3 and 5 more",
    );
  });

  it("is one line that is written over, on a terminal only", () => {
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text), isTTY: true, columns: 30 };
    const line = new LiveLine(sink, false);
    line.show("stopping · confirmed by 1/4 · waiting for far");
    line.show("stopping · confirmed by 1/4 · waiting for far");
    line.clear();
    line.clear();
    expect(written).toEqual(["\r\u001b[Kstopping · confirmed by 1/4 ·", "\r\u001b[K"]);
    for (const none of [new LiveLine(sink, true), new LiveLine({ ...sink, isTTY: false }, false)]) none.show("x");
    expect(written).toHaveLength(2);
  });
});
