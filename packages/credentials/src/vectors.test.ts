import { readFileSync } from "node:fs";
import type {
  AssertionJson,
  CallDigestInput,
  Change,
  HumanId,
  Json,
  PublicJwk,
  SignedApproval,
} from "@countersign/core";
import { canonicalJson } from "@countersign/core";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";
import { describe, expect, it } from "vitest";
import { approvalChallenge, verifyApproval } from "./countersignature.ts";
import type { KnownPasskey } from "./countersignature.ts";
import { argsCommitment, callDigest, changeDigest, sha256, termsDigest } from "./digest.ts";
import { importPublicKey } from "./keys.ts";
import { NonceSource } from "./nonce-source.ts";
import { verifyRegistration } from "./registration.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { verifyTaskRequest } from "./task-request.ts";

const load = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../testdata/${name}.json`, import.meta.url), "utf8")) as T;

interface Digests {
  argsCommitment: { salt: string; arguments: Json; jcs: string; digest: string };
  callDigest: { input: CallDigestInput; jcs: string; digest: string };
  termsDigest: { input: { kind: "policy"; id: string; terms: Json }; jcs: string; digest: string };
  changeDigest: { input: Change; jcs: string; digest: string };
}
interface ApprovalCase {
  name: string;
  expected: string;
  signed: SignedApproval;
  jcs: string;
  challenge: string;
  passkey: { credentialId: string; publicKey: string; human: HumanId };
  callDigest: string | null;
  now: string;
  assertion: AssertionJson;
}
interface RequestCase {
  name: string;
  expected: string;
  method: string;
  url: string;
  now: string;
  authorization: string | null;
  dpop: string | null;
}

describe("testdata/digests.json", () => {
  const { argsCommitment: args, callDigest: call, termsDigest: terms, changeDigest: change } = load<Digests>("digests");
  it("holds the canonical forms and their digests", () => {
    expect(canonicalJson(args.arguments)).toBe(args.jcs);
    expect(argsCommitment(args.salt, args.arguments)).toBe(args.digest);
    for (const { input, jcs, digest } of [call, terms, change]) {
      expect(canonicalJson(input)).toBe(jcs);
      expect(sha256(jcs)).toBe(digest);
    }
    expect(callDigest(call.input)).toBe(call.digest);
    expect(termsDigest(terms.input.kind, terms.input.id, terms.input.terms)).toBe(terms.digest);
    expect(changeDigest(change.input)).toBe(change.digest);
  });
});

describe("testdata/approvals.json", () => {
  const { context, origin, rpId, genesis, cases } = load<{
    context: string;
    origin: string;
    rpId: string;
    genesis: string;
    cases: ApprovalCase[];
  }>("approvals");
  it.each(cases)(
    "$name: $expected",
    async ({ expected, signed, jcs, passkey, callDigest: digest, now, assertion, ...given }) => {
      expect(canonicalJson(signed)).toBe(jcs);
      const passkeys = (id: string): { human: HumanId; publicKey: string; counter: null } | undefined =>
        id === passkey.credentialId ? { ...passkey, counter: null } : undefined;
      const verified = verifyApproval(
        { signed, assertion, callDigest: digest },
        { passkeys, now: Date.parse(now), origin, rpId, genesis },
      );
      expect(verified.ok ? "ok" : verified.fault).toBe(expected);
      if (expected !== "ok") return;
      expect(sha256(context + jcs)).toBe(given.challenge);
      expect(approvalChallenge(signed)).toBe(given.challenge);
      const credential = {
        id: passkey.credentialId,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, "base64url")),
        counter: 0,
      };
      const library = { expectedChallenge: given.challenge, expectedOrigin: origin, expectedRPID: rpId, credential };
      expect((await verifyAuthenticationResponse({ response: assertion as never, ...library })).verified).toBe(true);
    },
  );
});

describe("testdata/task-requests.json", () => {
  const { issuer, audience, issuerKey, nonce, cases } = load<{
    issuer: string;
    audience: string;
    issuerKey: PublicJwk;
    nonce: string;
    cases: RequestCase[];
  }>("task-requests");
  const imported = importPublicKey(issuerKey);
  it.each(cases)("$name: $expected", ({ expected, authorization, dpop, now, ...request }) => {
    const at = Date.parse(now);
    const nonces = new NonceSource(() => Buffer.from(nonce, "base64url"), at);
    const issuerKeys = new Map(imported.ok ? [[imported.key.jkt, imported.key]] : []);
    const trust = { issuerKeys, issuer, audience, now: at, nonces, replay: new ReplayMemory(), ...request };
    const verified = verifyTaskRequest({ authorization: authorization ?? undefined, proof: dpop ?? undefined }, trust);
    expect(verified.ok ? "ok" : verified.code).toBe(expected);
  });
});

describe("testdata/browser.json", () => {
  const { origin, rpId, registration, signed, assertion } = load<{
    origin: string;
    rpId: string;
    registration: { challenge: string; response: unknown };
    signed: SignedApproval;
    assertion: AssertionJson;
  }>("browser");
  it("holds a passkey and a signature that Chromium made", async () => {
    const registered = await verifyRegistration({ ...registration, origin, rpId });
    expect(registered).toMatchObject({ ok: true, passkey: { counter: 1, backedUp: false, transports: ["internal"] } });
    const { publicKey, counter } = (registered as Extract<typeof registered, { ok: true }>).passkey;
    const passkeys = (): KnownPasskey => ({ human: signed.approver, publicKey, counter });
    const { callDigest: digest = null, genesis, notBefore } = signed;
    const trust = { passkeys, now: Date.parse(notBefore), origin, rpId, genesis };
    expect(verifyApproval({ signed, assertion, callDigest: digest }, trust)).toMatchObject({ ok: true, counter: 2 });
  });
});
