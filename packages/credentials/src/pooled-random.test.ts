import { describe, expect, it } from "vitest";
import { pooledRandom } from "./pooled-random.ts";

describe("pooledRandom", () => {
  it("gives as many bytes as asked for, in memory of their own", () => {
    const random = pooledRandom();
    for (const length of [0, 1, 10, 12, 32, 511, 512, 513, 4096, 10_000]) {
      const bytes = random(length);
      expect(bytes.length).toBe(length);
      expect(bytes.buffer.byteLength).toBe(length);
    }
  });
  it("never gives the same bytes twice, over the ends of many pools", () => {
    const random = pooledRandom();
    const seen = new Set<string>();
    for (let i = 0; i < 5000; i += 1) seen.add(Buffer.from(random(10 + (i % 23))).toString("hex", 0, 10));
    expect(seen.size).toBe(5000);
  });
  it("leaves no run of zeros", () => {
    const random = pooledRandom();
    const zeros = Array.from({ length: 2000 }, () => random(16)).filter((bytes) =>
      bytes.subarray(0, 6).every((byte) => byte === 0),
    );
    expect(zeros).toEqual([]);
  });
});
