import { describe, expect, it } from "vitest";
import { mintAccessToken } from "./access-token.ts";
import { makeProof } from "./dpop.ts";
import { generateSigningKey } from "./keys.ts";
import { NonceSource } from "./nonce-source.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { readAuthorization, verifyTaskRequest } from "./task-request.ts";
import type { PresentedCredential, TaskTrust } from "./task-request.ts";
import { NOW, newChain, random } from "./testing/fixtures.ts";
import { TokenCache } from "./token-cache.ts";

const issuerKey = generateSigningKey();
const agentKey = generateSigningKey();
const thief = generateSigningKey();
const [ISSUER, AUDIENCE, url] = [
  "http://localhost:7330",
  "http://localhost:7331",
  "http://localhost:7331/mcp/files",
] as const;
const nonces = new NonceSource(random, NOW);
const chain = newChain();
const token = mintAccessToken(
  { issuer: ISSUER, audience: [AUDIENCE], chain, jkt: agentKey.jkt, grants: [] },
  issuerKey,
  { now: NOW, random },
);
const prove = (key = agentKey, accessToken = token): string =>
  makeProof({ key, method: "POST", url, accessToken, nonce: nonces.current(NOW), now: NOW, random });
const trust = (): TaskTrust => ({
  issuerKeys: new Map([[issuerKey.jkt, issuerKey]]),
  issuer: ISSUER,
  audience: AUDIENCE,
  now: NOW,
  cache: new TokenCache(),
  method: "POST",
  url,
  nonces,
  replay: new ReplayMemory(),
});

describe("verifyTaskRequest", () => {
  it("passes a token with a proof by its key, and the token again with another proof", () => {
    const own = trust();
    expect(verifyTaskRequest({ authorization: `DPoP ${token}`, proof: prove() }, own)).toMatchObject({
      ok: true,
      claims: { chain },
    });
    expect(verifyTaskRequest({ authorization: `DPoP ${token}`, proof: prove() }, own)).toMatchObject({ ok: true });
  });
  it.each<[string, () => PresentedCredential, string]>([
    ["no credential", () => ({ authorization: undefined, proof: undefined }), "credential.missing"],
    ["a token without proof", () => ({ authorization: `DPoP ${token}`, proof: undefined }), "credential.missing"],
    ["a token as bearer", () => ({ authorization: `Bearer ${token}`, proof: prove() }), "credential.not_bound"],
    [
      "a stolen token with the thief's key",
      () => ({ authorization: `DPoP ${token}`, proof: prove(thief) }),
      "credential.not_bound",
    ],
    [
      "a proof for another token",
      () => ({ authorization: `DPoP ${token}`, proof: prove(agentKey, "other") }),
      "credential.not_bound",
    ],
    [
      "a token with a space in it",
      () => ({ authorization: `DPoP ${token.slice(0, 9)} ${token.slice(9)}`, proof: prove() }),
      "credential.not_canonical",
    ],
    ["two spaces", () => ({ authorization: `DPoP  ${token}`, proof: prove() }), "credential.not_canonical"],
  ])("refuses %s", (_name, make, code) => {
    expect(verifyTaskRequest(make(), trust())).toEqual({ ok: false, code });
  });
  it("refuses a captured request", () => {
    const own = trust();
    const captured = { authorization: `DPoP ${token}`, proof: prove() };
    expect(verifyTaskRequest(captured, own)).toMatchObject({ ok: true });
    expect(verifyTaskRequest(captured, own)).toEqual({ ok: false, code: "credential.replayed" });
  });
  it("takes the scheme in any letters (RFC 9110 section 11.1)", () => {
    expect(readAuthorization("dpop abc")).toEqual({ ok: true, token: "abc" });
  });
});
