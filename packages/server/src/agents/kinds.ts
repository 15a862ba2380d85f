import { AppError, type AgentId, type HumanId, type Json, type StateRecord } from "@countersign/core";
import { type ChangeKind, humanName } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import { type Commit, type Put, withState } from "../store/index.ts";
import { shownAgent } from "./shown-agent.ts";

type Agent = StateRecord<"agent">;

/** INV-8: an agent comes into force only while its owner is active; written with it, so that nobody who is leaving gets one. */
export async function activeOwner(kernel: Kernel, id: HumanId): Promise<NonNullable<Commit["expect"]>> {
  const owner = await kernel.store.get("human", id);
  if (owner?.state.status === "active") return [{ kind: "human", id, version: owner.version }];
  throw new AppError("approval.changed", { detail: "the owner of the agent is not active any more" });
}

type AgentDraft = { readonly id: AgentId } & Agent["terms"];

export const agentCreateKind: ChangeKind = {
  act: "agent.create",
  approvers: "role:admin",
  entryKind: "identity",
  async build(kernel, draft: Json) {
    const { id, ...terms } = draft as unknown as AgentDraft;
    const taken = await kernel.store.find("agent", { key: terms.name });
    if (taken.some((a) => a.state.status !== "retired"))
      throw new AppError("approval.changed", { detail: `there is an agent \`${terms.name}\` already` });
    const put: Put = { kind: "agent", id, terms, state: { status: "active", executables: [] }, authority: null };
    return {
      bound: [put],
      also: [],
      expect: [{ kind: "agent", id, version: 0 }, ...(await activeOwner(kernel, terms.owner))],
      shown: await shownAgent(kernel, terms),
      sentence: `register the agent ${terms.name} with ${String(terms.scope.length)} grant${terms.scope.length === 1 ? "" : "s"}`,
    };
  },
};

export const agentReinstateKind: ChangeKind = {
  act: "agent.reinstate",
  approvers: "role:admin",
  entryKind: "identity",
  async build(kernel, draft: Json) {
    const agent = await kernel.store.get("agent", (draft as { id: AgentId }).id);
    if (agent?.state.status !== "suspended")
      throw new AppError("approval.changed", { detail: "the agent is not suspended any more" });
    return {
      bound: [withState(agent, { ...agent.state, status: "active" })],
      also: [],
      expect: [
        { kind: "agent", id: agent.id, version: agent.version },
        ...(await activeOwner(kernel, agent.terms.owner)),
      ],
      shown: await shownAgent(kernel, agent.terms),
      sentence: `let the agent ${agent.terms.name} act again`,
    };
  },
};

export interface Reassignment {
  readonly id: AgentId;
  readonly owner: HumanId;
}

/** INV-8: an agent whose owner has left gets another one, who answers for it from then on. What it had been doing stays over. */
export const agentReassignKind: ChangeKind = {
  act: "agent.reassign",
  approvers: "role:admin",
  entryKind: "identity",
  async build(kernel, draft: Json) {
    const { id, owner } = draft as unknown as Reassignment;
    const agent = await kernel.store.get("agent", id);
    if (agent?.state.status !== "owner_lost")
      throw new AppError("approval.changed", { detail: "the agent has an owner" });
    const expect = await activeOwner(kernel, owner);
    const terms = { ...agent.terms, owner, purpose: await purposeFor(kernel, agent, owner) };
    const before = (await humanName(kernel, agent.terms.owner))?.name ?? "(erased)";
    const name = (await humanName(kernel, owner))?.name ?? "(erased)";
    return {
      bound: [{ ...withState(agent, { ...agent.state, status: "active" }), terms } as Put],
      also: [],
      expect: [{ kind: "agent", id, version: agent.version }, ...expect],
      shown: { ...(await shownAgent(kernel, terms)), formerOwner: before, formerOwnerId: agent.terms.owner },
      sentence: `give the agent ${terms.name}, whose owner has left, to ${name}`,
    };
  },
};

/** What it is for, as text about its new owner: what is said about the former one can be erased without it. */
async function purposeFor(kernel: Kernel, { terms }: Agent, owner: HumanId): Promise<Agent["terms"]["purpose"]> {
  return await kernel.keys.sealText(owner, (await kernel.keys.openText(terms.purpose)) ?? "(erased)");
}
