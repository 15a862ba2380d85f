import { newId } from "@countersign/core";
import type { Change, Countersignature, SignedApproval } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approvalChallenge, verifyApproval, verifyCountersignature } from "./countersignature.ts";
import type { CountersignatureTrust } from "./countersignature.ts";
import { argsCommitment, callDigest, changeDigest, sha256, termsDigest } from "./digest.ts";
import { GENESIS, NOW, ORIGIN, RP_ID, newApproval, newChain, newTaskApproval, random } from "./testing/fixtures.ts";
import { createSoftAuthenticator } from "./testing/soft-authenticator.ts";
import type { SoftResponseOptions } from "./testing/soft-authenticator.ts";

const authenticator = createSoftAuthenticator({ rpId: RP_ID, origin: ORIGIN });
const terms = { text: "permit (principal, action, resource);", hash: sha256("policy") };
const record = { kind: "policy", id: "pol_1", terms } as const;
const change: Change = {
  act: "policy.publish",
  records: [{ kind: "policy", id: "pol_1", termsDigest: termsDigest("policy", "pol_1", terms) }],
};
const approver = newApproval().approver;
const trust: CountersignatureTrust = {
  passkeys: (id) =>
    id === authenticator.credentialId
      ? { human: approver, publicKey: authenticator.publicKey, counter: null }
      : undefined,
  now: NOW,
  origin: ORIGIN,
  rpId: RP_ID,
  genesis: GENESIS,
  records: [record],
};
const countersign = (
  say: Partial<SignedApproval> = {},
  how: SoftResponseOptions = {},
  of = change,
): Countersignature => {
  const signed = newApproval({ callDigest: changeDigest(of), ...say });
  return { change: of, signed, assertion: authenticator.sign({ challenge: approvalChallenge(signed) }, how) };
};
const fault = (given: Countersignature, say: Partial<CountersignatureTrust> = {}): string => {
  const verified = verifyCountersignature(given, { ...trust, ...say });
  return verified.ok ? "ok" : `${verified.code.slice(17)} ${verified.fault}`;
};

describe("digests", () => {
  it("do not depend on the order of members", () => {
    expect(termsDigest("policy", "pol_1", { hash: terms.hash, text: terms.text })).toBe(
      termsDigest("policy", "pol_1", terms),
    );
  });
  it("bind kind and id", () => {
    const digests = [
      termsDigest("policy", "a", terms),
      termsDigest("policy", "b", terms),
      termsDigest("upstream", "a", terms),
    ];
    expect(new Set(digests).size).toBe(3);
  });
  it("of a call take exactly the named members, and each of them counts", () => {
    const { agent, task, device } = newChain();
    const base = {
      agent,
      task,
      device,
      upstream: "files",
      method: "tools/call",
      tool: "write_file",
      toolDefinitionHash: sha256("tool"),
      resource: "file:/a",
      argsCommitment: sha256("args"),
    };
    expect(callDigest({ ...base, extra: 1 } as never)).toBe(callDigest(base));
    for (const member of Object.keys(base))
      expect(callDigest({ ...base, [member]: "other" })).not.toBe(callDigest(base));
  });
  it("commit to arguments under a salt of 32 bytes, given as bytes or text", () => {
    const salt = random(32);
    const text = Buffer.from(salt).toString("base64url");
    expect(argsCommitment(salt, { b: 1, a: 2 })).toBe(argsCommitment(text, { a: 2, b: 1 }));
    expect(argsCommitment(random(32), { a: 2, b: 1 })).not.toBe(argsCommitment(salt, { a: 2, b: 1 }));
    expect(() => argsCommitment(random(31), {})).toThrow("32 bytes");
  });
});

describe("verifyCountersignature", () => {
  it("accepts a change signed by a passkey of its approver", () => {
    expect(verifyCountersignature(countersign(), trust)).toEqual({
      ok: true,
      approver,
      decision: "approve",
      passkey: authenticator.credentialId,
      counter: expect.any(Number) as number,
      backedUp: false,
    });
  });
  it("accepts it again when stored state is loaded later", () => {
    expect(fault(countersign(), { now: NOW + 1e10 })).toBe("expired time");
    expect(fault(countersign(), { now: null })).toBe("ok");
  });
  it("accepts only what binds the terms of every record", () => {
    expect(fault(countersign(), { records: [] })).toBe("ok");
    expect(fault(countersign(), { records: [{ ...record, terms: { ...terms, hash: sha256("x") } }] })).toBe(
      "void terms",
    );
    expect(fault(countersign(), { records: [record, { ...record, id: "pol_2" }] })).toBe("void terms");
    expect(fault(countersign(), { records: [{ ...record, kind: "upstream" }] })).toBe("void terms");
    expect(fault(countersign(), { records: [{ ...record, terms: { text: "\ud800" } }] })).toBe("void form");
  });
  it.each<[string, () => Countersignature, string]>([
    [
      "a change made after the signature",
      () => ({
        ...countersign(),
        change: {
          ...change,
          records: [
            ...change.records,
            { kind: "policy", id: "pol_2", termsDigest: termsDigest("policy", "pol_2", terms) },
          ],
        },
      }),
      "void digest",
    ],
    [
      "an act made after the signature",
      () => ({ ...countersign(), change: { ...change, act: "human.add" } }),
      "void digest",
    ],
    ["a denial", () => countersign({ decision: "deny" }), "void decision"],
    ["a bound for a task", () => ({ ...countersign(), signed: newTaskApproval() }), "void decision"],
    ["many uses", () => countersign({ uses: 2 }), "void form"],
    ["another origin in the object", () => countersign({ origin: "http://evil.example" }), "void origin"],
    ["another origin in the browser", () => countersign({}, { origin: "http://evil.example" }), "void origin"],
    ["another installation", () => countersign({ genesis: sha256("other") }), "void genesis"],
    [
      "another approver than the passkey's",
      () => countersign({ approver: newId("hum", NOW, random) }),
      "void approver",
    ],
    ["an approval that ended", () => countersign({ expiresAt: new Date(NOW).toISOString() }), "expired time"],
    ["an approval that has not begun", () => countersign({ notBefore: new Date(NOW + 1).toISOString() }), "void time"],
    [
      "times the wrong way round",
      () => countersign({ notBefore: new Date(NOW - 1).toISOString(), expiresAt: new Date(NOW - 1).toISOString() }),
      "void time",
    ],
    ["no user verification", () => countersign({}, { uv: false }), "void user_verified"],
    ["a frame of another site", () => countersign({}, { crossOrigin: true }), "void cross_origin"],
    [
      "an unknown passkey",
      () => ({ ...countersign(), assertion: { ...countersign().assertion, id: "AAAA", rawId: "AAAA" } }),
      "void passkey",
    ],
    [
      "an assertion over another object",
      () => ({ ...countersign(), assertion: countersign({ nonce: "other" }).assertion }),
      "void challenge",
    ],
    ["no assertion", () => ({ ...countersign(), assertion: undefined as never }), "void form"],
    ["an empty assertion", () => ({ ...countersign(), assertion: {} as never }), "void passkey"],
    ["null", () => null as never, "void form"],
    [
      "a member too many",
      () => ({ ...countersign(), signed: { ...countersign().signed, extra: 1 } as never }),
      "void form",
    ],
    ["a member too few", () => countersign({ genesis: undefined as never }), "void form"],
    ["a time without milliseconds", () => countersign({ notBefore: "2027-01-15T08:00:00Z" }), "void form"],
    ["a time that does not exist", () => countersign({ notBefore: "2027-13-15T08:00:00.000Z" }), "void form"],
    ["a change with a member too many", () => countersign({}, {}, { ...change, extra: 1 } as never), "void form"],
    [
      "a signed text without canonical form",
      () => ({ ...countersign(), signed: { ...countersign().signed, nonce: "\ud800" } }),
      "void form",
    ],
    [
      "a change without canonical form",
      () => ({ ...countersign(), change: { ...change, act: "\udc00" as never } }),
      "void form",
    ],
  ])("refuses %s", (_name, make, wanted) => {
    expect(fault(make())).toBe(wanted);
  });
  it("notices a change of any single member of the signed object", () => {
    const given = countersign();
    const other: Partial<Record<keyof SignedApproval, unknown>> = {
      holds: [],
      effect: "read",
      previewDigest: sha256("x"),
      human: null,
      device: null,
      agent: null,
      task: null,
      policySetHash: "x",
      riskLevel: "x",
      notBefore: new Date(NOW - 5).toISOString(),
      expiresAt: new Date(NOW + 5).toISOString(),
      nonce: "x",
    };
    for (const [member, value] of Object.entries(other)) {
      expect(fault({ ...given, signed: { ...given.signed, [member]: value } })).toBe("void challenge");
    }
  });
  it("answers on any stored value", () => {
    const member = fc.oneof(fc.jsonValue(), fc.constant(countersign().signed), fc.constant(change));
    fc.assert(
      fc.property(fc.record({ change: member, signed: member, assertion: member }), (value) => {
        expect(fault(value as never)).not.toBe("ok");
      }),
    );
  });
  it("answers on a value that is nested without end", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(fault({ ...countersign(), change: { ...change, records: deep as never } })).toBe("void form");
  });
});

describe("verifyApproval", () => {
  const signed = newApproval({ decision: "deny" });
  it("verifies a denial as well, and tells it from an approval", () => {
    const assertion = authenticator.sign({ challenge: approvalChallenge(signed) });
    expect(verifyApproval({ signed, assertion, callDigest: signed.callDigest }, trust)).toMatchObject({
      ok: true,
      decision: "deny",
    });
    expect(verifyApproval({ signed, assertion, callDigest: sha256("another call") }, trust)).toMatchObject({
      ok: false,
      fault: "digest",
    });
  });
  it("verifies a bound for a task, and leaves to the caller which calls it covers", () => {
    const bound = { ...newTaskApproval(), approver };
    const verify = (say: Partial<SignedApproval>, digest: string | null = null): string => {
      const approval = { ...bound, ...say };
      const assertion = authenticator.sign({ challenge: approvalChallenge(approval) });
      const verified = verifyApproval({ signed: approval, assertion, callDigest: digest }, trust);
      return verified.ok ? "ok" : verified.fault;
    };
    expect(verify({})).toBe("ok");
    expect(verify({}, sha256("call"))).toBe("digest");
    expect(verify({ uses: 20 })).toBe("ok");
    expect(verify({ uses: 21 })).toBe("form");
    expect(verify({ expiresAt: new Date(NOW + 899_001).toISOString() })).toBe("form");
    expect(verify({ notBefore: new Date(NOW - 900_000).toISOString(), expiresAt: new Date(NOW).toISOString() })).toBe(
      "time",
    );
  });
  it("refuses a counter that does not grow", () => {
    const assertion = authenticator.sign({ challenge: approvalChallenge(signed) }, { counter: 7 });
    const passkeys = (): { human: typeof approver; publicKey: string; counter: number } => ({
      human: approver,
      publicKey: authenticator.publicKey,
      counter: 7,
    });
    expect(verifyApproval({ signed, assertion, callDigest: signed.callDigest }, { ...trust, passkeys })).toEqual({
      ok: false,
      code: "countersignature.void",
      fault: "counter",
    });
  });
});
