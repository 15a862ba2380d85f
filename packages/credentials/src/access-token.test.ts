import { newId } from "@countersign/core";
import fc from "fast-check";
import { importJWK, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { mintAccessToken, verifyAccessToken } from "./access-token.ts";
import type { AccessTokenTrust, MintInput } from "./access-token.ts";
import { signCompact } from "./compact-signature.ts";
import { generateSigningKey } from "./keys.ts";
import { NOW, newChain, random } from "./testing/fixtures.ts";
import { flipBit } from "./testing/flip-bit.ts";
import { TokenCache } from "./token-cache.ts";

const issuerKey = generateSigningKey();
const agentKey = generateSigningKey();
const ISSUER = "http://localhost:7330";
const AUDIENCE = "http://localhost:7331";
const input: MintInput = {
  issuer: ISSUER,
  audience: [AUDIENCE, ISSUER],
  chain: newChain(),
  jkt: agentKey.jkt,
  grants: [{ action: "mcp:files/*", resource: "file:/srv/**" }],
};
const mint = (say: Partial<MintInput> = {}): string =>
  mintAccessToken({ ...input, ...say }, issuerKey, { now: NOW, random });
const trust: AccessTokenTrust = {
  issuerKeys: new Map([[issuerKey.jkt, issuerKey]]),
  issuer: ISSUER,
  audience: AUDIENCE,
  now: NOW,
};
const code = (token: string, say: Partial<AccessTokenTrust> = {}): string => {
  const verified = verifyAccessToken(token, { ...trust, ...say });
  return verified.ok ? "ok" : verified.code;
};
const payloadOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
/** The same token with other claims or header members, rightly signed. */
const resigned = (claims: object, header: object = {}): string =>
  signCompact(
    { typ: "at+jwt", kid: issuerKey.jkt, ...header },
    { ...payloadOf(mint()), ...claims } as never,
    issuerKey,
  );

describe("mintAccessToken", () => {
  it("gives every claim back to the verifier", () => {
    const verified = verifyAccessToken(mint(), trust);
    expect(verified).toMatchObject({
      ok: true,
      claims: {
        issuer: ISSUER,
        audience: [AUDIENCE, ISSUER],
        chain: input.chain,
        jkt: agentKey.jkt,
        grants: input.grants,
      },
    });
  });
  it("passes an independent verifier as an RFC 9068 token", async () => {
    const { payload } = await jwtVerify(mint(), await importJWK({ ...issuerKey.jwk }, "EdDSA"), {
      typ: "at+jwt",
      algorithms: ["EdDSA"],
      issuer: ISSUER,
      audience: AUDIENCE,
      currentDate: new Date(NOW),
      requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
    });
    expect(payload["act"]).toEqual({ sub: input.chain.device, act: { sub: input.chain.human } });
    expect(payload["cnf"]).toEqual({ jkt: agentKey.jkt });
  });
  it("never lives longer than 300 seconds", () => {
    expect(() => mint({ ttlSeconds: 301 })).toThrow("at most 300 seconds");
    expect(() => mint({ ttlSeconds: 0 })).toThrow("at most 300 seconds");
    expect(code(mint(), { now: NOW + 299_999 })).toBe("ok");
  });
  it("refuses an issuer key that is not Ed25519", () => {
    expect(() => mintAccessToken(input, generateSigningKey("P-256"), { now: NOW, random })).toThrow("Ed25519");
  });
  it("refuses grants that do not fit into a token", () => {
    const grants = Array.from({ length: 400 }, (_, i) => ({
      action: `mcp:files/tool-${String(i)}`,
      resource: "file:/srv/**",
    }));
    expect(() => mint({ grants })).toThrow("too many grants");
  });
});

describe("verifyAccessToken", () => {
  it("refuses every token with one bit changed", () => {
    const token = mint();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: token.length * 7 - 1 }), (bit) => {
        expect(code(flipBit(token, bit))).not.toBe("ok");
      }),
      { numRuns: 300 },
    );
  });
  it("answers on any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(code(text)).not.toBe("ok");
      }),
    );
  });
  it.each([
    [
      "whitespace in the signature",
      (token: string): string => `${token.slice(0, -3)} ${token.slice(-3)}`,
      "credential.not_canonical",
    ],
    [
      "a token without signature",
      (token: string): string => `${token.split(".").slice(0, 2).join(".")}.`,
      "credential.not_canonical",
    ],
    ["another type", (): string => resigned({}, { typ: "JWT" }), "credential.not_canonical"],
    ["alg none", (): string => resigned({}, { alg: "none" }), "credential.wrong_key"],
    ["alg HS256", (): string => resigned({}, { alg: "HS256" }), "credential.wrong_key"],
    ["an unknown key id", (): string => resigned({}, { kid: agentKey.jkt }), "credential.wrong_key"],
    ["no key id", (): string => resigned({}, { kid: undefined }), "credential.wrong_key"],
    ["another issuer", (): string => mint({ issuer: "http://evil.example" }), "credential.wrong_key"],
    ["another audience", (): string => mint({ audience: ["http://localhost:9999"] }), "credential.wrong_audience"],
    [
      "an audience that only begins alike",
      (): string => mint({ audience: [`${AUDIENCE}1`] }),
      "credential.wrong_audience",
    ],
    ["a life that is too long", (): string => resigned({ exp: NOW / 1000 + 301 }), "credential.expired"],
    [
      "a life that ends before it begins",
      (): string => resigned({ iat: NOW / 1000 + 20, exp: NOW / 1000 + 10 }),
      "credential.expired",
    ],
    [
      "a token from the future",
      (): string => resigned({ iat: NOW / 1000 + 60, exp: NOW / 1000 + 300 }),
      "credential.expired",
    ],
    ["no key binding", (): string => resigned({ cnf: undefined }), "credential.not_canonical"],
    ["no human", (): string => resigned({ act: { sub: input.chain.device } }), "credential.not_canonical"],
    [
      "a human that is an agent",
      (): string => resigned({ act: { sub: input.chain.device, act: { sub: newId("agt", NOW, random) } } }),
      "credential.not_canonical",
    ],
    [
      "a client that is not the agent",
      (): string => resigned({ client_id: newId("agt", NOW, random) }),
      "credential.not_canonical",
    ],
    ["no task", (): string => resigned({ task: undefined }), "credential.not_canonical"],
    ["no end", (): string => resigned({ exp: undefined }), "credential.not_canonical"],
    ["an end that is a text", (): string => resigned({ exp: "9999999999" }), "credential.not_canonical"],
    [
      "details of an unknown type",
      (): string => resigned({ authorization_details: [{ type: "payment" }] }),
      "credential.not_canonical",
    ],
    ["an issuer that is a number", (): string => resigned({ iss: 1 }), "credential.not_canonical"],
    ["no audience", (): string => resigned({ aud: undefined }), "credential.not_canonical"],
    ["an empty audience", (): string => resigned({ aud: [] }), "credential.not_canonical"],
    ["an audience that is an object", (): string => resigned({ aud: { length: 1 } }), "credential.not_canonical"],
    ["an audience that is a number in a list", (): string => resigned({ aud: [1] }), "credential.not_canonical"],
    ["no id", (): string => resigned({ jti: undefined }), "credential.not_canonical"],
    [
      "a thumbprint that is a list",
      (): string => resigned({ cnf: { jkt: [agentKey.jkt] } }),
      "credential.not_canonical",
    ],
    ["a short thumbprint", (): string => resigned({ cnf: { jkt: "AAAA" } }), "credential.not_canonical"],
    ["no beginning", (): string => resigned({ iat: undefined }), "credential.not_canonical"],
    ["a beginning at zero", (): string => resigned({ iat: 0, exp: 1 }), "credential.not_canonical"],
    ["an agent that is none", (): string => resigned({ sub: "me", client_id: "me" }), "credential.not_canonical"],
    [
      "a device that is a human",
      (): string => resigned({ act: { sub: input.chain.human, act: { sub: input.chain.human } } }),
      "credential.not_canonical",
    ],
    ["an actor that is a text", (): string => resigned({ act: "me" }), "credential.not_canonical"],
    [
      "an actor of an actor that is a text",
      (): string => resigned({ act: { sub: input.chain.device, act: "me" } }),
      "credential.not_canonical",
    ],
    ["a task that is none", (): string => resigned({ task: "all" }), "credential.not_canonical"],
    [
      "details without actions",
      (): string => resigned({ authorization_details: [{ type: "countersign_grant", actions: [], identifier: "x" }] }),
      "credential.not_canonical",
    ],
    [
      "details without a resource",
      (): string => resigned({ authorization_details: [{ type: "countersign_grant", actions: ["x"] }] }),
      "credential.not_canonical",
    ],
    [
      "details of another type with our members",
      (): string => resigned({ authorization_details: [{ type: "x", actions: ["x"], identifier: "x" }] }),
      "credential.not_canonical",
    ],
    ["details that are null", (): string => resigned({ authorization_details: [null] }), "credential.not_canonical"],
    ["no details", (): string => resigned({ authorization_details: undefined }), "credential.not_canonical"],
  ])("refuses %s", (_name, make, expected) => {
    expect(code(make(mint()))).toBe(expected);
  });
  it("answers on any signed claims", () => {
    const names = [
      "iss",
      "aud",
      "sub",
      "client_id",
      "act",
      "task",
      "cnf",
      "authorization_details",
      "iat",
      "exp",
      "jti",
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { minKeys: 1 }), (claims) => {
        expect(code(resigned(claims))).toMatch(/^ok$|^credential\./);
      }),
      { numRuns: 200 },
    );
  });
  it("takes an audience that is one text, and a clock that is ahead by 30 seconds", () => {
    expect(code(resigned({ aud: AUDIENCE }))).toBe("ok");
    expect(code(mint(), { now: NOW - 30_000 })).toBe("ok");
    expect(code(mint(), { now: NOW - 31_000 })).toBe("credential.expired");
  });
  it("refuses a token at its end", () => {
    expect(code(mint(), { now: NOW + 300_000 })).toBe("credential.expired");
  });
  it("refuses an issuer key of another kind", () => {
    const ec = generateSigningKey("P-256");
    const token = signCompact({ typ: "at+jwt", kid: ec.jkt }, payloadOf(mint()) as never, ec);
    expect(code(token, { issuerKeys: new Map([[ec.jkt, ec]]) })).toBe("credential.wrong_key");
  });
});

describe("TokenCache", () => {
  it("answers for the same text only, and tests audience and time again", () => {
    const cache = new TokenCache();
    const token = mint();
    expect(code(token, { cache })).toBe("ok");
    expect(cache.get(token, trust.issuerKeys)).toBeDefined();
    expect(code(token, { cache })).toBe("ok");
    expect(code(flipBit(token, token.length * 7 - 30), { cache })).not.toBe("ok");
    expect(code(token, { cache, audience: "http://localhost:9999" })).toBe("credential.wrong_audience");
    expect(code(token, { cache, issuer: "http://localhost:9999" })).toBe("credential.wrong_key");
    expect(code(token, { cache, now: NOW + 300_000 })).toBe("credential.expired");
  });
  it("forgets with the key of the issuer", () => {
    const cache = new TokenCache();
    const token = mint();
    expect(code(token, { cache })).toBe("ok");
    expect(code(token, { cache, issuerKeys: new Map() })).toBe("credential.wrong_key");
  });
  it("remembers no refused token and stays bounded", () => {
    const cache = new TokenCache(2);
    const tokens = [mint(), mint(), mint()];
    const foreign = resigned({}, { alg: "HS256" });
    code(foreign, { cache });
    expect(cache.get(foreign, trust.issuerKeys)).toBeUndefined();
    for (const token of tokens) code(token, { cache });
    expect(tokens.map((token) => cache.get(token, trust.issuerKeys) !== undefined)).toEqual([false, true, true]);
  });
});
