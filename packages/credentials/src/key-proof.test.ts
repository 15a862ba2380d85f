import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signCompact } from "./compact-signature.ts";
import { signKeyProof, verifyKeyProof } from "./key-proof.ts";
import type { KeyProofContext } from "./key-proof.ts";
import { generateSigningKey } from "./keys.ts";
import { NOW } from "./testing/fixtures.ts";
import { flipBit } from "./testing/flip-bit.ts";

const key = generateSigningKey();
const context: KeyProofContext = { purpose: "enroll", audience: "http://localhost:7330", nonce: "challenge", now: NOW };
const proof = signKeyProof(key, context);
const code = (text: string, say: Partial<KeyProofContext> = {}): string => {
  const verified = verifyKeyProof(text, { ...context, ...say });
  return verified.ok ? "ok" : verified.code;
};
const crafted = (header: object, claims: object = {}): string =>
  signCompact(
    { typ: "countersign-key-proof+jwt", jwk: { ...key.jwk }, ...header },
    { aud: context.audience, purpose: "enroll", nonce: "challenge", iat: NOW / 1000, ...claims },
    key,
  );

describe("verifyKeyProof", () => {
  it("tells which key was shown", () => {
    expect(verifyKeyProof(proof, context)).toEqual({ ok: true, jwk: key.jwk, jkt: key.jkt });
    expect(code(crafted({}))).toBe("ok");
  });
  it.each<[string, string, Partial<KeyProofContext>, string]>([
    ["a proof for another purpose", proof, { purpose: "session" }, "credential.wrong_audience"],
    ["a proof for another server", proof, { audience: "http://evil.example" }, "credential.wrong_audience"],
    ["a proof for another challenge", proof, { nonce: "other" }, "credential.replayed"],
    ["an old proof", proof, { now: NOW + 61_000 }, "credential.expired"],
    ["a proof from the future", proof, { now: NOW - 61_000 }, "credential.expired"],
    ["another type", crafted({ typ: "dpop+jwt" }), {}, "credential.not_canonical"],
    ["a key that did not sign", crafted({ jwk: { ...generateSigningKey().jwk } }), {}, "credential.wrong_key"],
    ["no key", crafted({ jwk: null }), {}, "credential.wrong_key"],
    ["no challenge", crafted({}, { nonce: null }), {}, "credential.replayed"],
    ["a time that is a text", crafted({}, { iat: "now" }), {}, "credential.expired"],
    ["no token", "", {}, "credential.not_canonical"],
  ])("refuses %s", (...[, text, say, wanted]) => {
    expect(code(text, say)).toBe(wanted);
  });
  it("refuses every proof with one bit changed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: proof.length * 7 - 1 }), (bit) => {
        expect(code(flipBit(proof, bit))).not.toBe("ok");
      }),
      { numRuns: 200 },
    );
  });
});
