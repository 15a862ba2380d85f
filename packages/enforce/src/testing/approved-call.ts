import {
  type ApprovalTerms,
  type Call,
  type Hold,
  type HumanId,
  type SignedAnswer,
  type SignedApproval,
  type StateRecord,
  newId,
} from "@countersign/core";
import { approvalChallenge, argsCommitment } from "@countersign/credentials";
import { type SoftAuthenticator, createSoftAuthenticator } from "@countersign/credentials/testing";
import { boundOf } from "../bound.ts";
import { type Discharge, digestOfCall, discharge } from "../countersigned.ts";
import { type Bench, bench, random } from "./bench-point.ts";

const ORIGIN = "http://localhost:7330";
export const SALT: string = Buffer.alloc(32, 7).toString("base64url");

/** What differs from an approval of one call, signed by the one who asked for it. */
export interface Say {
  /** What the stored approval says of its hold. */
  readonly stored?: Partial<Hold>;
  readonly terms?: Partial<ApprovalTerms>;
  readonly signed?: Partial<SignedApproval>;
  readonly call?: Partial<Call>;
  /** Names of the arguments that a signature for the task fixes; absent: it is signed once. */
  readonly fixed?: readonly string[];
  readonly used?: number;
}

/** An approval in a point's replica, and what it takes to ask for its discharge. */
export interface ApprovedCall extends Bench {
  readonly approval: StateRecord<"approval">;
  readonly action: ReturnType<Bench["act"]>;
  readonly call: Call;
  readonly holds: readonly Hold[];
  /** Asks for the discharge of a call, by default of the one that was held. */
  readonly ask: (call?: Partial<Call>) => Discharge;
  /** Adds the answer of one more person, who has that role and a passkey of their own. */
  readonly also: (role: "admin" | "auditor", say?: Partial<SignedApproval>) => void;
}

/** A held call with one signature on it; `real` is what the policies of the point say of the hold. */
export async function approvedCall(real: Partial<Hold>, say: Say = {}): Promise<ApprovedCall> {
  const here = await bench();
  const { point, chain, clock, act, put } = here;
  const key = createSoftAuthenticator({ rpId: "localhost", origin: ORIGIN });
  putPeople(here, key);
  const action = act({ effect: say.fixed === undefined ? "destructive" : "write", ...say.call });
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
    scopes: ["once", "task"],
    authenticator: "any",
  };
  const holds = [{ ...hold, ...real }];
  const callDigest = digestOfCall(chain, call, { salt: SALT });
  const times = { notBefore: new Date(clock.now).toISOString(), expiresAt: new Date(clock.now + 60_000).toISOString() };
  const same = { ...chain, effect: call.effect, policySetHash: "hash", riskLevel: "low", ...times };
  const terms = {
    ...same,
    nonce: "n",
    callDigest,
    subject: "call",
    change: null,
    action: call.action,
    resource: call.resource,
    argsCommitment: argsCommitment(Buffer.from(SALT, "base64url"), call.arguments),
    holds: [{ ...hold, ...real, ...say.stored }],
    approvers: "owner",
    payload: "",
    match: null,
    ...say.terms,
  };
  const bound = say.fixed === undefined ? null : boundOf({ call, salt: SALT, fixed: say.fixed });
  const common = {
    ...same,
    decision: "approve",
    ...(bound === null ? { scope: "once", uses: 1, callDigest } : { scope: "task", uses: 3, bound }),
    nonce: "n.own",
    holds: [{ policyId: "p", policyHash: "h", reason: "r" }],
    previewDigest: callDigest,
    origin: ORIGIN,
    genesis: "g",
    ...say.signed,
  } as unknown as SignedApproval;
  const id = newId("apr", clock.now, random);
  const answers: SignedAnswer[] = [];
  const store = (): void => {
    const state = { status: "approved", answers: [...answers], used: say.used ?? 0, intent: null, cause: null };
    put({ kind: "approval", id, terms, state } as never);
  };
  const sign = (approver: HumanId, passkey: SoftAuthenticator, more: Partial<SignedApproval>): void => {
    const signed = { ...common, approver, ...more };
    answers.push({ signed, assertion: passkey.sign({ challenge: approvalChallenge(signed) }) });
    store();
  };
  sign(chain.human as HumanId, key, {});
  const stored = (): StateRecord<"approval"> => {
    const approval = point.replica.get("approval", id);
    if (approval === undefined) throw new Error("no approval");
    return approval;
  };
  return {
    ...here,
    get approval() {
      return stored();
    },
    action,
    call,
    holds,
    ask: (other) => discharge(point, stored(), { chain, call: { ...call, ...other }, salt: SALT, holds }),
    also(role, more = {}) {
      const passkey = createSoftAuthenticator({ rpId: "localhost", origin: ORIGIN });
      const approver = newId("hum", clock.now, random);
      put({ kind: "human", id: approver, terms: { roles: [role] }, state: { status: "active" } } as never);
      putPasskey(here, passkey, approver);
      sign(approver, passkey, { nonce: `n.${approver}`, ...more });
    },
  };
}

function putPeople(here: Bench, key: SoftAuthenticator): void {
  const { human } = here.chain;
  const terms = { human, passkey: key.credentialId, origin: ORIGIN, rpId: "localhost", records: [], genesis: "g" };
  here.put({ kind: "root", id: "root", terms, state: { status: "active" } } as never);
  putPasskey(here, key, human as HumanId);
}

function putPasskey({ put }: Bench, key: SoftAuthenticator, human: HumanId): void {
  const terms = { human, publicKey: key.publicKey, aaguid: "", backedUp: false, transports: [] };
  put({ kind: "passkey", id: key.credentialId, terms, state: { status: "active", counter: 0 } } as never);
}
