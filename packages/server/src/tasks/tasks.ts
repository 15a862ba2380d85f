import {
  AppError,
  type Chain,
  type DeviceId,
  type Grant,
  type HumanId,
  type PointId,
  type Runtime,
  type Sealed,
  type StateRecord,
  type TaskId,
  newId,
} from "@countersign/core";
import { verifyKeyProof } from "@countersign/credentials";
import { type Agents, withinScope } from "../agents/index.ts";
import type { Brakes } from "../brakes/index.ts";
import { type Confirmed, confirmed } from "../confirmations/index.ts";
import type { Authority } from "../credentials/index.ts";
import {
  type Kernel,
  type Published,
  change,
  retried,
  serverEntry,
  settingsOf,
  startChange,
  versionNow,
} from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";
import { type ProvenKey, type TaskChain, type TaskCredential, mintCredential } from "./credential.ts";
import { DueTasks } from "./due-tasks.ts";
import { type Gateways, gatewaysOf, gatewaysWith } from "./gateways.ts";
import { LastUse } from "./last-use.ts";
import type { Opener, Opening } from "./opener.ts";

const LONGEST_SECONDS = 8 * 3600;
const IDLE_SECONDS = 15 * 60;
/** Keys that may hold a credential of one task at a time: one for each client process that shares it. */
const MOST_KEYS = 16;
type Task = StateRecord<"task">;
type Session = StateRecord<"session">;

export interface OpenTask {
  readonly agent: string;
  /** Under a mandate that of the mandate, unless another is given. */
  readonly purpose?: string | undefined;
  readonly grants?: readonly Grant[] | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly idleSeconds?: number | undefined;
  readonly keyProof?: string | undefined;
  readonly runtime?: Runtime | undefined;
  /** Name or address of the gateway that the credential is for; absent: any. */
  readonly gateway?: string | undefined;
}
/** A key that wants a credential of a task, and the program that holds it. */
export interface KeyRequest {
  readonly keyProof: string;
  readonly runtime?: Runtime | undefined;
  /** As in {@link OpenTask}. */
  readonly gateway?: string | undefined;
}
interface TaskModules {
  readonly agents: Agents;
  readonly brakes: Brakes;
  readonly authority: Authority;
}

/** Tasks: the only thing that carries rights (INV-4). Attended ones are opened by a human session on an enrolled device, others under a mandate. */
export class Tasks {
  private readonly kernel: Kernel;
  private readonly modules: TaskModules;
  private readonly lastUse: LastUse;
  private readonly due: DueTasks;

  constructor(kernel: Kernel, modules: TaskModules) {
    this.kernel = kernel;
    this.modules = modules;
    this.lastUse = new LastUse(kernel);
    this.due = new DueTasks(kernel.store, (task) => this.lastUse.forget(task));
  }

  touch(task: TaskId): void {
    this.lastUse.touch(task);
  }

  /** @throws AppError with the code of the first broken link of the chain */
  async open(opener: Opening, ask: OpenTask): Promise<{ readonly task: Task; readonly token: TaskCredential | null }> {
    return await retried(async () => await this.openOnce(await opener(), ask));
  }

  private async openOnce(
    opener: Opener,
    ask: OpenTask,
  ): Promise<{ readonly task: Task; readonly token: TaskCredential | null }> {
    const { kernel } = this;
    const { human, device } = opener;
    const { addresses, points } = await gatewaysOf(kernel, ask.gateway);
    const since = await versionNow(kernel);
    const agent = await this.openable(ask.agent, human, device);
    if (opener.mandate !== null && opener.mandate.terms.agent !== agent.id)
      throw new AppError("request.forbidden", { detail: "the mandate is for another agent" });
    const key = ask.keyProof === undefined ? null : await this.provenKey(ask.keyProof, ask.agent);
    const put = await this.newTask(ask, { jkt: key?.jkt ?? null, gateways: points }, { agent, opener });
    const { id } = put;
    const adopted = this.adoptExecutable(agent, ask.runtime);
    const puts: Put[] = [put, ...(adopted === null ? [] : [adopted]), ...opener.put];
    const { version } = await change(kernel, {
      // INV-8: the agent, its owner, its device and what opens the task are still what was just looked at when it is written.
      expect: await this.chainVersions(agent, opener),
      unchanged: [{ kind: "brake", status: "active", since }],
      put: puts,
      entries: [
        serverEntry(kernel, "task", {
          chain: { human, device, agent: agent.id, task: id },
          action: "task.open",
          resource: id,
          ...(opener.mandate === null ? {} : { cause: { mandate: opener.mandate.id } }),
          changes: puts,
        }),
      ],
    });
    this.touch(id);
    const task = { ...put, version } as Task;
    return { task, token: key === null ? null : await this.credentialOf(task, key, addresses) };
  }

  private async purposeOf({ purpose }: OpenTask, { human, mandate }: Opener): Promise<Sealed> {
    if (purpose !== undefined) return await this.kernel.keys.sealText(human, purpose);
    if (mandate !== null) return mandate.terms.purpose;
    throw new AppError("request.invalid", { detail: "`purpose` is missing; say what the task is for" });
  }

  private async newTask(
    ask: OpenTask,
    { jkt, gateways }: { readonly jkt: string | null; readonly gateways: Gateways["points"] },
    { agent, opener }: { readonly agent: StateRecord<"agent">; readonly opener: Opener },
  ): Promise<Put & { kind: "task" }> {
    const { kernel } = this;
    const { human, device, session, mandate } = opener;
    const now = kernel.now();
    const seconds = Math.min(ask.ttlSeconds ?? LONGEST_SECONDS, LONGEST_SECONDS);
    const ends = Math.min(now + seconds * 1000, Date.parse(agent.terms.expiresAt), Date.parse(opener.expiresAt));
    return {
      kind: "task",
      id: newId("tsk", now, kernel.random),
      terms: {
        agent: agent.id,
        human,
        device,
        session,
        ...(mandate === null ? {} : { mandate: mandate.id }),
        purpose: await this.purposeOf(ask, opener),
        grants: withinScope(
          ask.grants,
          mandate === null ? agent.terms.scope : withinScope(mandate.terms.grants, agent.terms.scope),
        ),
        openedAt: new Date(now).toISOString(),
        expiresAt: new Date(ends).toISOString(),
        idleSeconds: Math.min(ask.idleSeconds ?? IDLE_SECONDS, LONGEST_SECONDS),
        runtime: ask.runtime ?? null,
      },
      state: {
        status: "live",
        jkts: jkt === null ? [] : [jkt],
        ...(gateways === null ? {} : { gateways }),
        cause: null,
      },
      authority: null,
    };
  }

  private async openable(name: string, human: HumanId, device: DeviceId): Promise<StateRecord<"agent">> {
    const agent = await this.modules.agents.find(name);
    if (agent.state.status === "owner_lost") throw new AppError("agent.owner_lost");
    if (agent.state.status !== "active" || Date.parse(agent.terms.expiresAt) <= this.kernel.now()) {
      throw new AppError("agent.inactive", { detail: `the agent \`${agent.terms.name}\` is not active` });
    }
    if (agent.terms.owner !== human)
      throw new AppError("request.forbidden", { detail: "only the owner of an agent opens its tasks" });
    const chain: Chain = { human, device, agent: agent.id, task: null };
    const brake = await this.modules.brakes.opensNoTask(agent.id, chain);
    if (brake !== null) {
      throw new AppError("brake.severed", {
        detail: `the agent was severed by ${brake}; its owner lifts that with \`countersign thaw ${brake}\``,
        details: { brake },
      });
    }
    return agent;
  }

  private async chainVersions(
    agent: StateRecord<"agent">,
    opener: Opener,
  ): Promise<{ kind: Put["kind"]; id: string; version: number }[]> {
    const human = await this.kernel.store.get("human", opener.human);
    const device = await this.kernel.store.get("device", opener.device);
    if (human?.state.status !== "active") throw new AppError("human.inactive");
    if (device?.state.status !== "active") throw new AppError("device.unknown");
    return [agent, human, device, opener.record].map((r) => ({ kind: r.kind, id: r.id, version: r.version }));
  }

  /** The first executable that acts as an agent is taken as known; any other is held at its first use (see `decide`). */
  private adoptExecutable(agent: StateRecord<"agent">, runtime: Runtime | undefined): Put | null {
    if (runtime === undefined || agent.state.executables.length > 0) return null;
    return withState(agent, { ...agent.state, executables: [runtime.sha256] });
  }

  /** The key that a proof shows. @throws AppError `credential.*` */
  async provenKey(keyProof: string, nonce: string): Promise<ProvenKey> {
    const { publicUrl } = await settingsOf(this.kernel);
    const verified = verifyKeyProof(keyProof, { purpose: "task", audience: publicUrl, nonce, now: this.kernel.now() });
    if (!verified.ok) throw new AppError(verified.code, { detail: "the proof of the task's key was refused" });
    return { jkt: verified.jkt, jwk: verified.jwk };
  }

  /** A credential for a key: the session attaches a new key, or a key that the task has already renews its own. */
  async credential(id: TaskId, ask: KeyRequest, session: Session | null): Promise<TaskCredential> {
    const task = await this.live(id);
    const { addresses, points } = await gatewaysOf(this.kernel, ask.gateway);
    const key = await this.provenKey(ask.keyProof, id);
    const { jkt } = key;
    const isHeld = task.state.jkts.includes(jkt);
    const gateways = gatewaysWith(task.state.gateways, points);
    if (isHeld && gateways?.length === task.state.gateways?.length)
      return await this.credentialOf(task, key, addresses);
    if (!isHeld) assertOpens(session, task);
    await this.attach(task, { jkt, gateways, runtime: isHeld ? undefined : ask.runtime });
    return await this.credentialOf(task, key, addresses);
  }

  /** @throws AppError `credential.*`, `task.*`, `brake.severed` unless the proof shows a key of this live task */
  async assertHolds(id: TaskId, keyProof: string): Promise<void> {
    const task = await this.live(id);
    if (!task.state.jkts.includes((await this.provenKey(keyProof, id)).jkt)) throw wrongKey();
  }

  private async attach(
    task: Task,
    { jkt, gateways, runtime }: { jkt: string; gateways: readonly PointId[] | undefined; runtime: Runtime | undefined },
  ): Promise<void> {
    const { id } = task;
    const isHeld = task.state.jkts.includes(jkt);
    // The program that acts now is the one that `decide` judges: another one than before is held at its first use.
    // In a person's own task they act themselves, and its terms stay as they were signed.
    const acts = task.terms.agent === null ? task.terms.runtime : (runtime ?? task.terms.runtime);
    const joined = { ...task, terms: { ...task.terms, runtime: acts } };
    const { gateways: _former, ...state } = task.state;
    const put = withState(joined, {
      ...state,
      ...(gateways === undefined ? {} : { gateways }),
      jkts: isHeld ? state.jkts : [...state.jkts, jkt].slice(-MOST_KEYS),
    });
    const action = isHeld ? "task.gateway" : "task.key";
    await change(this.kernel, {
      expect: [{ kind: "task", id, version: task.version }],
      put: [put],
      entries: [serverEntry(this.kernel, "task", { chain: chainOf(task), action, resource: id, changes: [put] })],
    });
  }

  private async credentialOf(task: Task, key: ProvenKey, gateways: readonly string[]): Promise<TaskCredential> {
    return await mintCredential(this.kernel, this.modules.authority, { task, chain: chainOf(task), key, gateways });
  }

  async live(id: TaskId): Promise<Task> {
    const task = await this.kernel.store.get("task", id);
    if (task === null) throw new AppError("task.unknown", { detail: `there is no task \`${id.slice(0, 40)}\`` });
    if (task.state.status === "severed")
      throw new AppError("brake.severed", { detail: `the task was severed by ${task.state.cause ?? "a stop"}` });
    if (task.state.status !== "live" || Date.parse(task.terms.expiresAt) <= this.kernel.now())
      throw new AppError("task.ended");
    return task;
  }

  /** Ends it, whoever else ends it too. */
  /** INV-3: resolves when every point has confirmed it; null when it was over already. */
  async end(id: TaskId, cause: string): Promise<Confirmed | null> {
    const published = await this.startEnd(id, cause);
    return published === null ? null : await confirmed(this.kernel, published);
  }

  /** Resolves when the end is durable and on its way. */
  private async startEnd(id: TaskId, cause: string): Promise<Published | null> {
    return await retried(async () => await this.endOnce(id, cause));
  }

  private async endOnce(id: TaskId, cause: string): Promise<Published | null> {
    const task = await this.kernel.store.get("task", id);
    if (task?.state.status !== "live") return null;
    const put = withState(task, { ...task.state, status: "ended", cause });
    return await startChange(this.kernel, {
      expect: [{ kind: "task", id, version: task.version }],
      put: [put],
      entries: [
        serverEntry(this.kernel, "task", {
          chain: chainOf(task),
          action: "task.end",
          resource: id,
          cause: { cause },
          changes: [put],
        }),
      ],
    });
  }

  /** Ends what has run out or stood still for too long. Another server may do the same at the same time: one of them does. */
  async sweep(): Promise<void> {
    const { due, lastUse } = this;
    await due.follow();
    const now = this.kernel.now();
    const usedAt = (task: TaskId): number => lastUse.of(task);
    const over = due.due(now, usedAt);
    // Other servers may have seen them act: asked when it matters.
    if (over.some(({ cause }) => cause === "idle")) await lastUse.follow(due);
    for (const { task, cause } of over) {
      if (cause === "idle" && !due.isIdle(task, now, usedAt)) continue;
      await this.startEnd(task, cause);
    }
  }
}

/** @throws AppError `credential.wrong_key` unless this is a session of the human and the device behind the task */
function assertOpens(session: Session | null, { terms }: Task): void {
  if (session?.terms.human !== terms.human || session.terms.device !== terms.device) throw wrongKey();
}

function wrongKey(): AppError {
  return new AppError("credential.wrong_key", { detail: "this key holds no credential of the task" });
}

export function chainOf(task: Task): TaskChain {
  return { human: task.terms.human, device: task.terms.device, agent: task.terms.agent, task: task.id };
}
