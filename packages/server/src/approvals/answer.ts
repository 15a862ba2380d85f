import {
  AppError,
  type AssertionJson,
  type Countersignature,
  type Json,
  type Kind,
  type Sealed,
  type SignedAnswer,
} from "@countersign/core";
import { type VerifiedApproval, verifyApproval } from "@countersign/credentials";
import { confirmed } from "../confirmations/index.ts";
import { type Kernel, type Published, applied, change, named, serverEntry, startChange } from "../kernel.ts";
import { type Commit, type Put, withState } from "../store/index.ts";
import { isTooFast } from "./attention.ts";
import type { ChangeKind } from "./changes.ts";
import { sealReason } from "./denial.ts";
import { type Approval, sealDisplay } from "./payload.ts";
import type { Pending } from "./signing.ts";

type Verified = Extract<VerifiedApproval, { ok: true }>;

/** Verifies an assertion over just what was prepared. @throws AppError `webauthn.refused` */
export async function verifyAnswer(kernel: Kernel, pending: Pending, assertion: AssertionJson): Promise<Verified> {
  const root = await kernel.store.get("root", "root");
  const passkey = await kernel.store.get("passkey", assertion.id);
  if (root === null || passkey?.state.status !== "active") {
    throw new AppError("webauthn.refused", {
      detail: "this passkey is not known here; use the one that you registered",
    });
  }
  const { origin, rpId, genesis } = root.terms;
  const known = { human: passkey.terms.human, publicKey: passkey.terms.publicKey, counter: passkey.state.counter };
  const verified = verifyApproval(
    { signed: pending.signed, assertion, callDigest: pending.signed.callDigest ?? null },
    { passkeys: (id) => (id === passkey.id ? known : undefined), now: kernel.now(), origin, rpId, genesis },
  );
  if (!verified.ok) {
    kernel.log.warn({ fault: verified.fault, passkey: passkey.id }, "signature refused");
    throw new AppError("webauthn.refused", {
      detail: `the signature does not verify (${verified.fault}); load the page again`,
    });
  }
  return verified;
}

export interface Answer {
  readonly approval: Approval;
  readonly pending: Pending;
  readonly assertion: AssertionJson;
  readonly verified: Verified;
  /** Milliseconds from the first sight to the signature. */
  readonly tookMs: number;
  readonly reason: string;
}

/** Tries to write an answer while the same passkey answers something else. */
const MOST_TRIES = 5;

interface Signer {
  readonly passkey: Put;
  readonly expect: NonNullable<Commit["expect"]>;
}

/**
 * Writes an answer together with the use of its passkey, whose counter grows with each. INV-8: passkey and person are still in force when it
 * is written: the answer of somebody who is being off-boarded comes before that, or not at all.
 */
async function signing<T>(kernel: Kernel, verified: Verified, write: (signer: Signer) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const [passkey, human] = await Promise.all([
      kernel.store.get("passkey", verified.passkey),
      kernel.store.get("human", verified.approver),
    ]);
    if (passkey?.state.status !== "active" || human?.state.status !== "active") throw new AppError("webauthn.refused");
    const counter = Math.max(verified.counter, passkey.state.counter);
    try {
      return await write({
        passkey: withState(passkey, { ...passkey.state, counter }),
        expect: [passkey, human].map(({ kind, id, version }) => ({ kind, id, version })),
      });
    } catch (error) {
      const moved = (await kernel.store.get("passkey", passkey.id))?.version !== passkey.version;
      const again = error instanceof AppError && error.code === "request.conflict" && moved && tries < MOST_TRIES;
      if (!again) throw error;
    }
  }
}

/** Writes down an answer to a held call, or a denial of anything: state and evidence in one transaction. */
export async function recordAnswer(kernel: Kernel, answer: Answer): Promise<Approval["state"]["status"]> {
  const { approval, pending, verified } = answer;
  const answers = [...approval.state.answers, given(answer)];
  const status = pending.signed.decision === "deny" ? "denied" : settled(approval, answers) ? "approved" : "pending";
  const reason = status === "denied" ? await sealReason(kernel, verified.approver, answer.reason) : null;
  const put = withState(approval, { ...approval.state, answers, status, cause: reason });
  const blobs = [await sealDisplay(kernel, approval, pending.display)];
  await signing(
    kernel,
    verified,
    async ({ passkey, expect }) =>
      await change(kernel, {
        expect: [{ kind: "approval", id: approval.id, version: approval.version }, ...expect],
        put: [put, passkey],
        entries: [approvalEntry(kernel, answer, { changes: named([put, passkey]), reason })],
        blobs,
      }),
  );
  return status;
}

/** True when every hold has as many different signers as it asks for. */
function settled(approval: Approval, answers: Approval["state"]["answers"]): boolean {
  return approval.terms.holds.every((hold) => {
    const signers = answers.filter((a) =>
      a.signed.holds.some((h) => h.policyId === hold.policyId && h.policyHash === hold.policyHash),
    );
    return new Set(signers.map((a) => a.signed.approver)).size >= hold.quorum;
  });
}

/** INV-12: puts a signed change in force: the records carry the signature, and the approval is used up in the same transaction. */
export async function recordChange(kernel: Kernel, kind: ChangeKind, answer: Answer): Promise<void> {
  const { approval, pending, assertion } = answer;
  const { change: signedChange, built } = pending;
  if (signedChange === null || built === null) throw new AppError("internal.error");
  const authority: Countersignature = { change: signedChange, signed: pending.signed, assertion };
  const bound = built.bound.map((put) => ({ ...put, authority }));
  const state = { ...approval.state, answers: [given(answer)], status: "consumed" as const };
  const done = [...bound, ...built.also];
  const blobs = [await sealDisplay(kernel, approval, pending.display)];
  const commit = async ({ passkey, expect }: Signer): Promise<Published> => {
    const own = [withState(approval, state), passkey];
    return await startChange(kernel, {
      expect: [{ kind: "approval", id: approval.id, version: pending.version }, ...expect, ...built.expect],
      put: [...own, ...done],
      entries: [
        approvalEntry(kernel, answer, { changes: named(own), reason: null }),
        serverEntry(kernel, kind.entryKind, {
          action: kind.act,
          resource: approval.terms.resource,
          approval: approvalId(approval),
          cause: { by: pending.signed.approver },
          changes: named(done),
        }),
      ],
      blobs,
    });
  };
  const published = await signing(kernel, answer.verified, commit);
  // INV-3: a policy may be published to stop something, and is in force only when every point has confirmed it.
  if (bound.some(({ kind }) => RULES.has(kind))) await confirmed(kernel, published);
  else await applied(published);
}

const RULES: ReadonlySet<Kind> = new Set<Kind>(["policy", "upstream", "settings"]);

function approvalId(approval: Approval): `apr_${string}` {
  return approval.id;
}

function given({ pending, assertion, tookMs }: Answer): SignedAnswer {
  return { signed: pending.signed, assertion, tookMs };
}

interface Recorded {
  readonly changes: { kind: Put["kind"]; id: string }[];
  readonly reason: Sealed | string | null;
}

/** Approvals carry the full WebAuthn assertion (design 8), so that a stranger can verify them from the ledger alone. */
function approvalEntry(kernel: Kernel, answer: Answer, { changes, reason }: Recorded): ReturnType<typeof serverEntry> {
  const { approval, pending, assertion, tookMs } = answer;
  const { human, device, agent, task, resource } = approval.terms;
  const cause = {
    signed: pending.signed,
    assertion,
    tookMs,
    ...(isTooFast(approval, given(answer)) ? { too_fast: true } : {}),
    ...(reason === null ? {} : { reason }),
  };
  return serverEntry(kernel, "approval", {
    chain: { human, device, agent, task },
    action: `approval.${pending.signed.decision}`,
    resource,
    approval: approvalId(approval),
    changes,
    cause: cause as unknown as Json,
  });
}
