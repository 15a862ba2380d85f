import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hex } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

describe("sha256", () => {
  it("gives the digests of FIPS 180-4's examples", () => {
    expect(hex(sha256(new Uint8Array(0)))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hex(sha256(Buffer.from("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("agrees with node:crypto at every length around the block borders, on views too", () => {
    const pool = randomBytes(70_000);
    for (const length of [...Array.from({ length: 260 }, (_, i) => i), 65_535, 65_536, 69_000]) {
      const bytes = pool.subarray(7, 7 + length);
      expect(hex(sha256(bytes)), `length ${String(length)}`).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });
});
