import fc from "fast-check";
import { EmbeddedJWK, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { signCompact } from "./compact-signature.ts";
import { accessTokenHash, makeProof, verifyProof } from "./dpop.ts";
import type { ProofExpectation } from "./dpop.ts";
import { exportPrivateJwk, generateSigningKey } from "./keys.ts";
import { NonceSource } from "./nonce-source.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { NOW, random } from "./testing/fixtures.ts";
import { flipBit } from "./testing/flip-bit.ts";

const key = generateSigningKey();
const TOKEN = "header.payload.signature";
const URL_ = "http://localhost:7331/mcp/files";
const nonces = new NonceSource(random, NOW);
const expected = (say: Partial<ProofExpectation> = {}): ProofExpectation => ({
  proof: undefined,
  method: "POST",
  url: URL_,
  accessTokenHash: accessTokenHash(TOKEN),
  expectedJkt: key.jkt,
  nonces,
  replay: new ReplayMemory(),
  now: NOW,
  ...say,
});
const prove = (say: Partial<Parameters<typeof makeProof>[0]> = {}): string =>
  makeProof({
    key,
    method: "POST",
    url: URL_,
    accessToken: TOKEN,
    nonce: nonces.current(NOW),
    now: NOW,
    random,
    ...say,
  });
const code = (proof: string | undefined, say: Partial<ProofExpectation> = {}): string => {
  const verified = verifyProof(expected({ proof, ...say }));
  return verified.ok ? "ok" : verified.code;
};
const claims = {
  jti: "j1",
  htm: "POST",
  htu: URL_,
  iat: NOW / 1000,
  ath: accessTokenHash(TOKEN),
  nonce: nonces.current(NOW),
};
const crafted = (payload: object, header: object = {}): string =>
  signCompact({ typ: "dpop+jwt", jwk: { ...key.jwk }, ...header }, { ...claims, ...payload }, key);

describe("verifyProof", () => {
  it.each(["Ed25519", "P-256"] as const)("accepts a proof by a key on %s", (curve) => {
    const own = generateSigningKey(curve);
    expect(verifyProof(expected({ proof: prove({ key: own }), expectedJkt: own.jkt }))).toEqual({
      ok: true,
      jkt: own.jkt,
      jwk: own.jwk,
    });
  });
  it("is read by an independent verifier", async () => {
    const { payload, protectedHeader } = await jwtVerify(prove(), EmbeddedJWK, {
      typ: "dpop+jwt",
      currentDate: new Date(NOW),
    });
    expect(protectedHeader.alg).toBe("EdDSA");
    expect(payload).toMatchObject({ htm: "POST", htu: URL_, ath: accessTokenHash(TOKEN) });
  });
  it("accepts the fully specified name of the algorithm (RFC 9864)", () => {
    expect(code(crafted({}, { alg: "Ed25519" }))).toBe("ok");
  });
  it("lets any key come where none is bound yet, without a token", () => {
    const own = generateSigningKey();
    const proof = prove({ key: own, accessToken: null });
    expect(verifyProof(expected({ proof, expectedJkt: null, accessTokenHash: null }))).toMatchObject({
      ok: true,
      jkt: own.jkt,
    });
  });
  it.each([
    ["nothing", (): string | undefined => undefined, "credential.missing"],
    ["an empty header", (): string => "", "credential.missing"],
    ["two proofs", (): string => `${prove()}, ${prove()}`, "credential.not_canonical"],
    ["another type", (): string => crafted({}, { typ: "JWT" }), "credential.not_canonical"],
    ["alg none", (): string => crafted({}, { alg: "none" }), "credential.wrong_key"],
    ["an algorithm of another key", (): string => crafted({}, { alg: "ES256" }), "credential.wrong_key"],
    ["no key", (): string => crafted({}, { jwk: undefined }), "credential.wrong_key"],
    ["a private key", (): string => crafted({}, { jwk: exportPrivateJwk(key) }), "credential.wrong_key"],
    [
      "a key of small order",
      (): string => crafted({}, { jwk: { kty: "OKP", crv: "Ed25519", x: `AQ${"A".repeat(41)}` } }),
      "credential.not_bound",
    ],
    ["another key", (): string => prove({ key: generateSigningKey() }), "credential.not_bound"],
    [
      "a signature by another key",
      (): string => signCompact({ typ: "dpop+jwt", jwk: { ...key.jwk } }, claims, generateSigningKey()),
      "credential.wrong_key",
    ],
    ["another method", (): string => prove({ method: "GET" }), "credential.wrong_method"],
    ["a method in small letters", (): string => prove({ method: "post" }), "credential.wrong_method"],
    ["another address", (): string => prove({ url: "http://localhost:7331/mcp/tickets" }), "credential.wrong_url"],
    ["another origin", (): string => prove({ url: "http://evil.example/mcp/files" }), "credential.wrong_url"],
    ["no address", (): string => crafted({ htu: undefined }), "credential.wrong_url"],
    ["the hash of another token", (): string => prove({ accessToken: "other" }), "credential.not_bound"],
    ["no hash of the token", (): string => prove({ accessToken: null }), "credential.not_bound"],
    ["an old proof", (): string => prove({ now: NOW - 60_000 }), "credential.expired"],
    ["a proof from the future", (): string => prove({ now: NOW + 31_000 }), "credential.expired"],
    ["a time that is a text", (): string => crafted({ iat: String(NOW / 1000) }), "credential.not_canonical"],
    ["no id", (): string => crafted({ jti: undefined }), "credential.not_canonical"],
    ["an empty id", (): string => crafted({ jti: "" }), "credential.not_canonical"],
    ["an endless id", (): string => crafted({ jti: "x".repeat(129) }), "credential.not_canonical"],
  ])("refuses %s", (_name, make, wanted) => {
    expect(code(make())).toBe(wanted);
  });
  it.each([
    ["none", null],
    ["one of another point", new NonceSource(random, NOW).current(NOW)],
    ["an empty one", ""],
  ])("asks for a nonce when the proof carries %s", (_name, nonce) => {
    expect(verifyProof(expected({ proof: prove({ nonce }) }))).toEqual({
      ok: false,
      code: "credential.expired",
      useNonce: true,
    });
  });
  it("refuses a key of small order also where any key may come", () => {
    const proof = crafted({}, { jwk: { kty: "OKP", crv: "Ed25519", x: `AQ${"A".repeat(41)}` } });
    expect(code(proof, { expectedJkt: null })).toBe("credential.wrong_key");
  });
  it("refuses the second use", () => {
    const replay = new ReplayMemory();
    const proof = prove();
    expect(code(proof, { replay })).toBe("ok");
    expect(code(proof, { replay })).toBe("credential.replayed");
  });
  it("refuses a second proof with the same id, whenever it was made", () => {
    const replay = new ReplayMemory();
    expect(code(crafted({}), { replay })).toBe("ok");
    expect(code(crafted({ iat: NOW / 1000 - 25 }), { replay })).toBe("credential.replayed");
  });
  it("does not let a refused proof use up an id", () => {
    const replay = new ReplayMemory();
    expect(code(crafted({ htm: "GET" }), { replay })).toBe("credential.wrong_method");
    expect(code(crafted({}), { replay })).toBe("ok");
  });
  it("refuses every proof with one bit changed", () => {
    const proof = prove();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: proof.length * 7 - 1 }), (bit) => {
        expect(code(flipBit(proof, bit))).not.toBe("ok");
      }),
      { numRuns: 300 },
    );
  });
  it("refuses every proof by a P-256 key with one bit changed, and another algorithm than the key's", () => {
    const own = generateSigningKey("P-256");
    const proof = prove({ key: own });
    expect(code(proof, { expectedJkt: own.jkt })).toBe("ok");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: proof.length * 7 - 1 }), (bit) => {
        expect(code(flipBit(proof, bit), { expectedJkt: own.jkt })).not.toBe("ok");
      }),
      { numRuns: 200 },
    );
    const header = { typ: "dpop+jwt", jwk: { ...own.jwk } };
    expect(code(signCompact(header, claims, own), { expectedJkt: own.jkt })).toBe("ok");
    expect(code(signCompact({ ...header, alg: "EdDSA" }, claims, own), { expectedJkt: own.jkt })).toBe(
      "credential.wrong_key",
    );
  });
  it("answers on any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(code(text)).not.toBe("ok");
      }),
    );
  });
  it("answers on any signed claims", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("jti", "htm", "htu", "iat", "ath", "nonce"), fc.jsonValue()),
        (payload) => {
          expect(typeof code(signCompact({ typ: "dpop+jwt", jwk: { ...key.jwk } }, payload as never, key))).toBe(
            "string",
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
