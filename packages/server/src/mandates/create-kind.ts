import {
  AppError,
  type Json,
  type Kinds,
  type MandateId,
  type PublicJwk,
  type StateRecord,
  grantOf,
} from "@countersign/core";
import { thumbprint } from "@countersign/credentials";
import { activeOwner } from "../agents/index.ts";
import { type ChangeKind, humanName } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Put } from "../store/index.ts";

/** Longest life of a mandate, in days (design 6). */
export const longestDays = 90;

export interface MandateDraft {
  readonly id: MandateId;
  readonly terms: Kinds["mandate"]["terms"];
  /** A machine that is enrolled with the mandate; null: it is enrolled already. */
  readonly workload: { readonly name: string; readonly jwk: PublicJwk } | null;
}

/** One signature puts the mandate in force and, for a machine of its own, enrols that. */
export const mandateCreateKind: ChangeKind = {
  act: "mandate.create",
  approvers: "role:admin",
  entryKind: "mandate",
  async build(kernel, draft: Json, approver) {
    const { id, terms, workload } = draft as unknown as MandateDraft;
    const agent = await agentOf(kernel, terms);
    if (workload !== null && approver.id !== terms.owner)
      throw new AppError("approval.not_approver", { detail: "a machine is enrolled by the owner of the mandate" });
    const mandate: Put = {
      kind: "mandate",
      id,
      terms,
      state: { status: "active", day: "", opened: 0 },
      authority: null,
    };
    const device = workload === null ? null : await workloadDevice(kernel, terms, workload);
    const known = device === null ? await enrolledDevice(kernel, terms) : null;
    return {
      bound: device === null ? [mandate] : [mandate, device],
      also: [],
      expect: [
        { kind: "mandate", id, version: 0 },
        { kind: "agent", id: agent.id, version: agent.version },
        ...(await activeOwner(kernel, terms.owner)),
        { kind: "device", id: terms.device, version: known?.version ?? 0 },
      ],
      shown: await shown(kernel, { id, terms, workload }, agent.terms.name),
      sentence: `let ${agent.terms.name} work while nobody is signed in, ${String(terms.tasksPerDay)} tasks a day until ${terms.expiresAt.slice(0, 10)}`,
    };
  },
};

async function agentOf(kernel: Kernel, { agent: id, owner }: MandateDraft["terms"]): Promise<StateRecord<"agent">> {
  const agent = await kernel.store.get("agent", id);
  if (agent?.state.status === "active" && agent.terms.owner === owner) return agent;
  throw new AppError("approval.changed", { detail: "the agent is not active any more, or has another owner" });
}

async function enrolledDevice(kernel: Kernel, { device: id }: MandateDraft["terms"]): Promise<StateRecord<"device">> {
  const device = await kernel.store.get("device", id);
  if (device?.state.status === "active") return device;
  throw new AppError("approval.changed", { detail: "the device is not enrolled any more" });
}

async function workloadDevice(
  kernel: Kernel,
  { owner, device }: MandateDraft["terms"],
  { name, jwk }: NonNullable<MandateDraft["workload"]>,
): Promise<Put> {
  return {
    kind: "device",
    id: device,
    terms: { owner, jwk, jkt: thumbprint(jwk), tier: "software", name: await kernel.keys.sealText(owner, name) },
    state: { status: "active" },
    authority: null,
  };
}

async function shown(kernel: Kernel, { id, terms, workload }: MandateDraft, agent: string): Promise<Json> {
  const device = await kernel.store.get("device", terms.device);
  const name = workload?.name ?? (device === null ? null : await kernel.keys.openText(device.terms.name));
  return {
    mandate: id,
    agent,
    agentId: terms.agent,
    owner: (await humanName(kernel, terms.owner))?.name ?? "(erased)",
    purpose: (await kernel.keys.openText(terms.purpose)) ?? "(erased)",
    trigger: (await kernel.keys.openText(terms.trigger)) ?? "(erased)",
    grants: terms.grants.map(grantOf),
    tasksPerDay: terms.tasksPerDay,
    expiresAt: terms.expiresAt,
    device: name ?? "(erased)",
    deviceId: terms.device,
    enrols: workload === null ? null : thumbprint(workload.jwk),
  };
}
