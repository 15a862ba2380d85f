import { AppError, type Json, type PolicyId, type StateRecord, newId } from "@countersign/core";
import { sha256 } from "@countersign/credentials";
import { DEFAULT_POLICIES, type PolicyProblem, parsePolicies } from "@countersign/policy";
import type { Approvals, ChangeKind, Proposed } from "../approvals/index.ts";
import { type Kernel, change, serverEntry } from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";

type Policy = StateRecord<"policy">;

/** The policy set in force, and the way to another one. */
export class Policies {
  private readonly kernel: Kernel;
  private readonly approvals: Approvals;

  constructor(kernel: Kernel, approvals: Approvals) {
    this.kernel = kernel;
    this.approvals = approvals;
  }

  /** A new installation enforces a safe default. */
  async begin(): Promise<void> {
    const { kernel } = this;
    if ((await kernel.store.find("policy")).length > 0) return;
    const terms = { text: DEFAULT_POLICIES, hash: sha256(DEFAULT_POLICIES) };
    const put: Put = {
      kind: "policy",
      id: newId("pol", kernel.now(), kernel.random),
      terms,
      state: { status: "active" },
      authority: "genesis",
    };
    await change(kernel, {
      put: [put],
      entries: [serverEntry(kernel, "policy", { action: "policy.genesis", resource: put.id, changes: [put] })],
    });
  }

  async check(text: string): Promise<readonly PolicyProblem[]> {
    const parsed = await parsePolicies(text);
    return parsed.ok ? [] : parsed.problems;
  }

  /** Proposes a policy set; it is in force when an administrator has signed it. @throws AppError `policy.invalid` with the problems */
  async publish(text: string): Promise<Proposed & { readonly id: PolicyId }> {
    const problems = await this.check(text);
    if (problems.length > 0) {
      throw new AppError("policy.invalid", {
        detail: problems[0]?.message ?? "the text is not valid",
        details: { problems },
      });
    }
    const id = newId("pol", this.kernel.now(), this.kernel.random);
    return { ...(await this.approvals.propose({ act: "policy.publish", draft: { id, text }, resource: id })), id };
  }

  async list(): Promise<readonly Record<string, unknown>[]> {
    return (await this.kernel.store.find("policy")).map((p) => ({
      id: p.id,
      hash: p.terms.hash,
      status: p.state.status,
      text: p.terms.text,
    }));
  }
}

async function activePolicies(kernel: Kernel): Promise<readonly Policy[]> {
  return await kernel.store.find("policy", { status: "active" });
}

export const policyPublishKind: ChangeKind = {
  act: "policy.publish",
  approvers: "role:admin",
  entryKind: "policy",
  async build(kernel, draft: Json) {
    const { id, text } = draft as { id: PolicyId; text: string };
    const old = await activePolicies(kernel);
    const put: Put = {
      kind: "policy",
      id,
      terms: { text, hash: sha256(text) },
      state: { status: "active" },
      authority: null,
    };
    const superseded = old.map((policy) => withState(policy, { status: "superseded" }));
    return {
      bound: [put],
      also: superseded,
      expect: [{ kind: "policy", id, version: 0 }, ...old.map((p) => ({ kind: p.kind, id: p.id, version: p.version }))],
      shown: { text, hash: sha256(text), replaces: old.map((p) => p.terms.hash) },
      sentence: "put this policy set in force",
    };
  },
};
