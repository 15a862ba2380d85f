import { type ApprovalTerms, type Call, type Hold, type SignedApproval, newId } from "@countersign/core";
import { approvalChallenge, argsCommitment } from "@countersign/credentials";
import { createSoftAuthenticator } from "@countersign/credentials/testing";
import { describe, expect, it } from "vitest";
import { type Discharge, digestOfCall, discharge } from "./countersigned.ts";
import { Ends, bench, random } from "./testing/bench-point.ts";

const ORIGIN = "http://localhost:7330";
const SALT = Buffer.alloc(32, 7).toString("base64url");

interface Say {
  /** What the stored approval says of its hold. */
  readonly stored?: Partial<Hold>;
  readonly terms?: Partial<ApprovalTerms>;
  readonly signed?: Partial<SignedApproval>;
  readonly call?: Partial<Call>;
}

async function signedByRequester(real: Partial<Hold>, say: Say = {}): Promise<Discharge> {
  const { point, approval, chain, call, holds } = await approved(real, say);
  return discharge(point, approval, { chain, call, salt: SALT, holds });
}

/** An approval of a call, signed by the one who asked for it. */
async function approved(real: Partial<Hold>, { stored, terms: more, signed: say, call: callSay }: Say = {}) {
  const here = await bench();
  const { point, chain, clock, act, put } = here;
  const key = createSoftAuthenticator({ rpId: "localhost", origin: ORIGIN });
  put({
    kind: "root",
    id: "root",
    terms: {
      human: chain.human,
      passkey: key.credentialId,
      origin: ORIGIN,
      rpId: "localhost",
      records: [],
      genesis: "g",
    },
    state: { status: "active" },
  } as never);
  const passkey = { human: chain.human, publicKey: key.publicKey, aaguid: "", backedUp: false, transports: [] };
  put({ kind: "passkey", id: key.credentialId, terms: passkey, state: { status: "active", counter: 0 } } as never);
  const action = act(callSay);
  const { call } = action;
  if ("refused" in call) throw new Error("no call");
  const hold: Hold = {
    policyId: "p",
    policyHash: "h",
    reason: "r",
    approvers: "owner",
    notRequester: false,
    quorum: 1,
    expirySeconds: null,
    scopes: ["once"],
    authenticator: "any",
  };
  const holds = [{ ...hold, ...real }];
  const callDigest = digestOfCall(chain, call, SALT);
  const times = { notBefore: new Date(clock.now).toISOString(), expiresAt: new Date(clock.now + 60_000).toISOString() };
  const same = {
    ...chain,
    effect: call.effect,
    policySetHash: "hash",
    riskLevel: "low",
    nonce: "n",
    callDigest,
    ...times,
  };
  const terms = {
    ...same,
    subject: "call",
    change: null,
    action: call.action,
    resource: call.resource,
    argsCommitment: argsCommitment(Buffer.from(SALT, "base64url"), call.arguments),
    holds: [{ ...hold, ...real, ...stored }],
    approvers: "owner",
    payload: "",
    match: null,
    ...more,
  };
  const signed = {
    ...same,
    decision: "approve",
    scope: "once",
    holds: [{ policyId: "p", policyHash: "h", reason: "r" }],
    previewDigest: callDigest,
    approver: chain.human,
    uses: 1,
    origin: ORIGIN,
    genesis: "g",
    ...say,
  } as SignedApproval;
  const assertion = key.sign({ challenge: approvalChallenge(signed) });
  const id = newId("apr", clock.now, random);
  put({
    kind: "approval",
    id,
    terms,
    state: { status: "approved", answers: [{ signed, assertion }], intent: null, cause: null },
  } as never);
  const approval = point.replica.get("approval", id);
  if (approval === undefined) throw new Error("no approval");
  return { ...here, approval, action, call, holds };
}

describe("INV-5: what a countersignature discharges", () => {
  it("counts the signature of one who may sign", async () => {
    expect(await signedByRequester({})).toMatchObject({ ok: true, holds: [{ policyId: "p" }] });
  });

  it.each<[string, Partial<Hold>, Partial<Hold>]>([
    ["another approver", { approvers: "role:auditor" }, { approvers: "owner" }],
    ["someone else than the requester", { notRequester: true }, { notRequester: false }],
  ])("asks for %s where the policy does, whatever the stored approval says", async (_name, real, stored) => {
    expect(await signedByRequester(real, { stored })).toMatchObject({ ok: false, code: "countersignature.void" });
  });

  it("asks for as many signatures as the policy does, whatever the stored approval says", async () => {
    expect(await signedByRequester({ quorum: 2 }, { stored: { quorum: 1 } })).toMatchObject({ ok: true, holds: [] });
  });

  it("is void for another effect and for another policy set than it was signed for", async () => {
    expect(await signedByRequester({}, { signed: { effect: "write" } })).toMatchObject({
      ok: false,
      code: "countersignature.void",
    });
    const other = { policySetHash: "other" };
    expect(await signedByRequester({}, { terms: other, signed: other })).toMatchObject({
      ok: false,
      code: "countersignature.void",
    });
  });

  it.each(["read", "write"] as const)("sends nothing (%s) before the approval is used up", async (effect) => {
    const { point, control, approval, action, holds } = await approved({}, { call: { effect } });
    const [{ policyHash: hash, policyId: _, ...hold } = { policyHash: "", policyId: "" }] = holds;
    point.evaluator = {
      policySetHash: "hash",
      policies: new Map([["p", { hash, hold }]]),
      evaluate: () => ({ permits: ["all"], forbids: ["p"], errors: [] }),
    } as never;
    control.onHold = async () =>
      await Promise.resolve({
        approval: approval.id as never,
        state: "approved",
        url: "",
        approver: "",
        entry: "ent_1" as never,
        salt: SALT,
      });
    control.onRecord = async ({ consume }) =>
      await Promise.resolve(consume === undefined ? { ok: true } : { ok: false, code: "countersignature.used" });
    const ends = new Ends();
    await point.enforce(action, ends.effector, ends.releaser);
    expect(ends.events).toEqual(["prepared", "refused countersignature.used"]);
  });

  it("is void when its approver leaves while the call is made ready", async () => {
    const { point, put, control, approval, action, holds } = await approved({});
    const [{ policyHash: hash, policyId: _, ...hold } = { policyHash: "", policyId: "" }] = holds;
    point.evaluator = {
      policySetHash: "hash",
      policies: new Map([["p", { hash, hold }]]),
      evaluate: () => ({ permits: ["all"], forbids: ["p"], errors: [] }),
    } as never;
    control.onHold = async () =>
      await Promise.resolve({
        approval: approval.id as never,
        state: "approved",
        url: "",
        approver: "",
        entry: "ent_1" as never,
        salt: SALT,
      });
    const ends = new Ends();
    ends.onPrepare = async () => {
      const passkey = [...point.replica.all("passkey")][0];
      put({ ...passkey, version: 1000, state: { status: "revoked", counter: 0 } } as never);
      await Promise.resolve();
    };
    await point.enforce(action, ends.effector, ends.releaser);
    expect(ends.events).toEqual(["prepared", "refused countersignature.void"]);
  });
});
