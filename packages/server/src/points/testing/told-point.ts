import {
  type AgentId,
  type AnyRecord,
  type ApprovalId,
  type BrakeId,
  type DeviceId,
  type HumanId,
  type PointId,
  type TaskId,
  newId,
} from "@countersign/core";
import type { Acknowledgement, Hello, Snapshot } from "@countersign/enforce";
import type { Put } from "../../store/index.ts";
import { random } from "../../testing/test-kernel.ts";
import type { ConnectedPoint } from "../points.ts";

/** The other end of a link: keeps what it is told. */
export class ToldPoint implements ConnectedPoint {
  readonly id: PointId;
  readonly name: string;
  readonly lease = { valid: () => true, silentMs: () => 0 };
  readonly pushed: Snapshot[] = [];

  constructor(id: PointId, name = "edge") {
    this.id = id;
    this.name = name;
  }

  async push(change: Snapshot): Promise<Acknowledgement> {
    this.pushed.push(change);
    const { generation, version } = change;
    return await Promise.resolve({ point: this.id, name: this.name, generation, version, inFlight: [] });
  }

  hello(more: Partial<Hello> = {}): Hello {
    return { point: this.id, instance: "secret", applied: 0, tasks: [], url: null, clock: Date.now(), ...more };
  }

  /** The record of such a point that joined with a token. */
  record(): Put {
    const terms = { name: this.name, place: "joined", jkt: null, joinedAt: "" } as const;
    const state = { status: "away", instance: null, url: null } as const;
    return { kind: "point", id: this.id, terms, state, authority: null };
  }
}

export const namesOf = (records: readonly AnyRecord[]): string[] =>
  records.map(({ kind, id }) => `${kind} ${id}`).sort();

/** A chain as it lies in the database, each link signed by `signer`; nobody here looks at signatures. */
export interface ChainFixture {
  readonly human: HumanId;
  readonly device: DeviceId;
  readonly agent: AgentId;
  readonly task: TaskId;
  readonly puts: readonly Put[];
  readonly agentPut: (status: "active" | "suspended") => Put;
  readonly taskPut: (status: "live" | "ended") => Put;
}

export function person(): { readonly id: HumanId; readonly passkey: string; readonly puts: readonly Put[] } {
  const id = newId("hum", Date.now(), random);
  const passkey = Buffer.from(random(16)).toString("base64url");
  const state = { status: "active" };
  const puts = [
    { kind: "human", id, terms: { roles: ["admin"], name: { person: id, box: "" } }, state, authority: "genesis" },
    { kind: "passkey", id: passkey, terms: { human: id }, state: { ...state, counter: 0 }, authority: "genesis" },
  ] as unknown as readonly Put[];
  return { id, passkey, puts };
}

export const signedBy = ({ id, passkey }: Pick<ReturnType<typeof person>, "id" | "passkey">): never =>
  ({ change: { act: "agent.create", records: [] }, signed: { approver: id }, assertion: { id: passkey } }) as never;

export function chain(owner: HumanId, authority: never): ChainFixture {
  const make = <P extends "dev" | "agt" | "tsk">(prefix: P) => newId(prefix, Date.now(), random);
  const [device, agent, task] = [make("dev"), make("agt"), make("tsk")];
  const name = { person: owner, box: "" };
  const agentPut = (status: string): Put =>
    ({
      kind: "agent",
      id: agent,
      terms: { name: agent, owner, purpose: name, scope: [], expiresAt: "", salt: "" },
      state: { status, executables: [] },
      authority,
    }) as never;
  const taskPut = (status: string): Put =>
    ({
      kind: "task",
      id: task,
      terms: { agent, human: owner, device, session: null, purpose: name, grants: [], openedAt: "", idleSeconds: 900 },
      state: { status, jkts: [], cause: null },
      authority: null,
    }) as never;
  const devicePut = {
    kind: "device",
    id: device,
    terms: { owner, jkt: device, name },
    state: { status: "active" },
    authority,
  };
  return {
    human: owner,
    device,
    agent,
    task,
    puts: [devicePut as never, agentPut("active"), taskPut("live")],
    agentPut,
    taskPut,
  };
}

/** A freeze; lifted by a signature if there is one. */
export function brakeOn(type: string, value: string, lifted: object | null = null): (id: BrakeId) => Put {
  const terms = { kind: "freeze", scope: { type, value }, reason: "stop", by: "local", at: "2026-01-31", agents: [] };
  const state = { status: lifted === null ? "active" : "thawed" };
  return (id) => ({ kind: "brake", id, terms, state, authority: lifted }) as never;
}

export function approvalOf(
  task: TaskId,
  signers: readonly Pick<ReturnType<typeof person>, "id" | "passkey">[],
): (id: ApprovalId) => Put {
  return (id) =>
    ({
      kind: "approval",
      id,
      terms: { subject: "call", task, match: null },
      state: {
        status: signers.length === 0 ? "pending" : "approved",
        answers: signers.map(({ id: approver, passkey }) => ({ signed: { approver }, assertion: { id: passkey } })),
        intent: null,
        cause: null,
      },
      authority: null,
    }) as never;
}
