import { AppError, type BrakeId, type HumanId, type StateRecord } from "@countersign/core";
import { type BegunStop, type Brakes, type StopRequest, brakeRecord, voided } from "../brakes/index.ts";
import { type Kernel, retried, serverEntries, serverEntry, startChange } from "../kernel.ts";
import { type Commit, type Put, withState } from "../store/index.ts";
import { type Everything, everythingOf } from "./everything-of.ts";

/** Who leaves, why, and who says so: a human's id, or `local`. */
export interface Leaving {
  readonly human: HumanId;
  readonly reason: string;
  readonly by: string;
}
interface Stop {
  readonly id: BrakeId;
  readonly at: number;
  readonly request: StopRequest;
}

/**
 * Off-boarding (INV-8): a person, everything that rests on them, and the stop of all their agents, in one transaction. Tightening: it needs
 * no signature. It is over when every enforcement point has confirmed the stop (INV-3).
 */
export class Offboarding {
  private readonly kernel: Kernel;
  private readonly brakes: Brakes;

  constructor(kernel: Kernel, brakes: Brakes) {
    this.kernel = kernel;
    this.brakes = brakes;
  }

  /**
   * Resolves when the person is out, durably; the receipt follows. For somebody who is out already: the stop of that time.
   * @throws AppError `request.not_found`, `human.last_admin`, `request.conflict`
   */
  async begin({ human, reason, by }: Leaving): Promise<BegunStop> {
    const scope = { type: "owner", value: human } as const;
    const stop = { ...this.brakes.next(), request: { kind: "sever", scope, reason, by } } as const;
    return await retried(async () => {
      const everything = await everythingOf(this.kernel, human);
      if (everything.human.state.status === "inactive") return await this.again(human);
      await this.assertNotLast(everything.human);
      const brake = await brakeRecord(this.kernel, stop, { owner: human, tasks: everything.tasks });
      return this.brakes.settle(brake, await startChange(this.kernel, this.commitOf(everything, { stop, brake })));
    });
  }

  private commitOf(everything: Everything, { stop, brake }: { stop: Stop; brake: Put }): Commit {
    const { kernel } = this;
    const { human, unchanged } = everything;
    const { by } = stop.request;
    const ended = endedWith(everything, stop.id);
    const chain = { human: human.id, device: null, agent: null, task: null };
    const parts = { action: "human.offboard", resource: human.id, chain, cause: { by, brake: stop.id } };
    return {
      expect: ended.map(({ was }) => ({ kind: was.kind, id: was.id, version: was.version })),
      unchanged,
      put: [brake, ...ended.map(({ put }) => put)],
      entries: [
        serverEntry(kernel, "brake", {
          action: "brake.sever",
          resource: `owner:${human.id}`,
          chain,
          cause: { by },
          changes: [brake],
        }),
        ...serverEntries(kernel, "identity", { ...parts, changes: ended.map(({ put }) => put) }),
      ],
    };
  }

  /** Somebody must be left who can sign. */
  private async assertNotLast({ id, terms }: StateRecord<"human">): Promise<void> {
    if (!terms.roles.includes("admin")) return;
    const { store } = this.kernel;
    for (const other of await store.find("human", { status: "active" })) {
      if (other.id === id || !other.terms.roles.includes("admin")) continue;
      if ((await store.count("passkey", { owner: other.id, status: "active" })) > 0) return;
    }
    throw new AppError("human.last_admin", {
      detail: "this is the last administrator with a passkey; let another one in first",
    });
  }

  private async again(human: HumanId): Promise<BegunStop> {
    const severs = (await this.kernel.store.find("brake", { status: "active" })).filter(
      ({ terms }) => terms.kind === "sever" && terms.scope.type === "owner" && terms.scope.value === human,
    );
    const last = severs.at(-1);
    if (last === undefined) throw new AppError("request.conflict", { detail: "this person is out already" });
    return await this.brakes.follow(last);
  }
}

interface Ended {
  readonly was: StateRecord;
  readonly put: Put;
}

/** What becomes of everything that rests on a person who leaves. */
function endedWith(everything: Everything, brake: BrakeId): readonly Ended[] {
  const { human, agents, tasks, mandates, sessions, passkeys, devices, approvals, invites } = everything;
  const pairs: readonly (readonly [readonly StateRecord[], readonly Put[]])[] = [
    [[human], [withState(human, { status: "inactive" })]],
    [agents, agents.map((agent) => withState(agent, { ...agent.state, status: "owner_lost" }))],
    [tasks, tasks.map((task) => withState(task, { ...task.state, status: "severed", cause: brake }))],
    [mandates, mandates.map((mandate) => withState(mandate, { ...mandate.state, status: "revoked" }))],
    [sessions, sessions.map((session) => withState(session, { status: "ended" }))],
    [passkeys, passkeys.map((passkey) => withState(passkey, { ...passkey.state, status: "revoked" }))],
    [devices, devices.map((device) => withState(device, { status: "retired" }))],
    [approvals, voided(approvals, "the person behind it has left")],
    [invites, invites.map((invite) => withState(invite, { status: "closed" }))],
  ];
  return pairs.flatMap(([was, put]) =>
    was.flatMap((one, at) => (put[at] === undefined ? [] : [{ was: one, put: put[at] }])),
  );
}
