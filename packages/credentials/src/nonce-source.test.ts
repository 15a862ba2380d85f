import { describe, expect, it } from "vitest";
import { NonceSource } from "./nonce-source.ts";
import { NOW, random } from "./testing/fixtures.ts";

describe("NonceSource", () => {
  it("accepts the current and the previous nonce, and no other", () => {
    const nonces = new NonceSource(random, NOW, 100);
    const first = nonces.current(NOW);
    expect(nonces.current(NOW + 99_999)).toBe(first);
    const second = nonces.current(NOW + 100_000);
    expect(second).not.toBe(first);
    expect(nonces.accepts(first, NOW + 199_999)).toBe(true);
    expect(nonces.accepts(second, NOW + 199_999)).toBe(true);
    expect(nonces.accepts(first, NOW + 200_000)).toBe(false);
    expect(nonces.accepts("", NOW)).toBe(false);
  });
  it("accepts nothing old after a long silence", () => {
    const nonces = new NonceSource(random, NOW, 100);
    const first = nonces.current(NOW);
    expect(nonces.accepts(first, NOW + 200_000)).toBe(false);
  });
  it("gives each boot other nonces of 128 bits", () => {
    const first = new NonceSource(random, NOW).current(NOW);
    expect(first).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new NonceSource(random, NOW).accepts(first, NOW)).toBe(false);
  });
});
