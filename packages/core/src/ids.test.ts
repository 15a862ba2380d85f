import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isId, newId } from "./ids.ts";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const milliseconds = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });

/** What the text of an id says, read digit by digit. */
function numberOf(id: string): bigint {
  return id
    .slice(4)
    .split("")
    .reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n);
}

describe("newId", () => {
  it("is 48 bits of milliseconds and 80 random bits in 22 base62 digits", () => {
    fc.assert(
      fc.property(milliseconds, tenBytes, (now, bytes) => {
        const id = newId("ent", now, () => bytes);
        const expected = (BigInt(now) << 80n) | BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
        expect(isId("ent", id)).toBe(true);
        expect(numberOf(id)).toBe(expected);
      }),
    );
  });
  it("reads the bytes where they lie", () => {
    const pool = Uint8Array.from({ length: 64 }, (_, i) => i);
    expect(newId("ent", 1, () => pool.subarray(7, 17))).toBe(newId("ent", 1, () => pool.slice(7, 17)));
  });
  it("sorts as time goes", () => {
    fc.assert(
      fc.property(milliseconds, milliseconds, tenBytes, (a, b, bytes) => {
        const [first, second] = [newId("ent", a, () => bytes), newId("ent", b, () => bytes)];
        expect(Math.sign(a - b)).toBe(first === second ? 0 : first < second ? -1 : 1);
      }),
    );
  });
});
