import type { StopPreview, Stopping } from "@countersign/api";
import {
  AppError,
  type AgentId,
  type BrakeId,
  type BrakeScope,
  type Chain,
  type HumanId,
  type Json,
  type StateRecord,
  covers,
  isId,
  newId,
} from "@countersign/core";
import { ownerOfScope } from "@countersign/enforce";
import { type Approvals, type ChangeKind, type Proposed } from "../approvals/index.ts";
import { type Kernel, type Published, named, retried, serverEntry, startChange, versionNow } from "../kernel.ts";
import { Names } from "../names.ts";
import { type Put, withState } from "../store/index.ts";
import { type Receipt, type ReceiptPoint, settleStop } from "./receipt.ts";
import { StopProgress } from "./stop-progress.ts";

export interface StopRequest {
  readonly kind: "freeze" | "sever";
  readonly scope: BrakeScope;
  readonly reason: string;
  /** A human's id, `local`, or `countersign` itself. */
  readonly by: string;
}
type Task = StateRecord<"task">;

/** Stops (design 7): committed, pushed to every enforcement point, and answered with a receipt when all have confirmed. */
export class Brakes {
  private readonly kernel: Kernel;
  private readonly approvals: () => Approvals;
  private readonly stopping = new Map<BrakeId, StopProgress>();

  constructor(kernel: Kernel, approvals: () => Approvals) {
    this.kernel = kernel;
    this.approvals = approvals;
  }

  /** Resolves with the receipt when the stop is acknowledged, never before. @throws AppError `brake.unknown_scope` */
  async stop(request: StopRequest): Promise<Receipt> {
    return await (
      await this.begin(request)
    ).receipt;
  }

  /** Resolves when the stop is durable and on its way; `receipt` follows. */
  async begin(request: StopRequest): Promise<{ readonly id: BrakeId; readonly receipt: Promise<Receipt> }> {
    const { kernel } = this;
    await this.assertScope(request.scope);
    const requestedAt = kernel.now();
    const id = newId("brk", requestedAt, kernel.random);
    const { puts, published } = await this.commitStop(id, request, requestedAt);
    const brake = puts[0] as StateRecord<"brake">;
    const progress = new StopProgress(published, requestedAt);
    this.stopping.set(id, progress);
    const confirmed = (point: ReceiptPoint): void => {
      progress.confirmed(point);
      kernel.hint({ kind: "brake", id });
    };
    const receipt = settleStop(kernel, { brake, published, requestedAt, confirmed });
    void receipt
      .finally(() => {
        this.stopping.delete(id);
        kernel.hint({ kind: "brake", id });
      })
      .catch((error: unknown) => kernel.log.error({ err: error, brake: id }, "stop not settled"));
    return { id, receipt };
  }

  /** A stop that races with a change of what it covers is tried again: it must not fail because something else moved. */
  private async commitStop(
    id: BrakeId,
    request: StopRequest,
    at: number,
  ): Promise<{ puts: readonly Put[]; published: Published }> {
    return await retried(async () => {
      const since = await versionNow(this.kernel);
      const { expect, puts } = await this.stopRecords(id, request, at);
      const entry = serverEntry(this.kernel, "brake", {
        action: `brake.${request.kind}`,
        resource:
          request.scope.type === "resource" ? request.scope.value : `${request.scope.type}:${request.scope.value}`,
        cause: { by: request.by },
        changes: named(puts),
      });
      // A task that opened meanwhile would escape a sever.
      const unchanged = request.kind === "sever" ? [{ kind: "task" as const, status: "live", since }] : [];
      return { puts, published: await startChange(this.kernel, { expect, unchanged, put: puts, entries: [entry] }) };
    });
  }

  private async stopRecords(
    id: BrakeId,
    request: StopRequest,
    at: number,
  ): Promise<{ expect: { kind: Put["kind"]; id: string; version: number }[]; puts: Put[] }> {
    const { kernel } = this;
    const tasks = await this.tasksIn(request.scope);
    const severed = request.kind === "sever" ? tasks : [];
    const voided = await this.approvalsIn(request.scope);
    const person = (await this.ownerOf(request.scope)) ?? (isId("hum", request.by) ? request.by : null);
    const brake: Put = {
      kind: "brake",
      id,
      terms: {
        kind: request.kind,
        scope: request.scope,
        reason: person === null ? request.reason : await kernel.keys.sealText(person, request.reason),
        by: request.by,
        at: new Date(at).toISOString(),
        agents: await this.agentsIn(request.scope, severed),
      },
      state: { status: "active" },
      authority: null,
    };
    const ended = severed.map((task) => withState(task, { ...task.state, status: "severed", cause: id }));
    const dropped = voided.map((a) =>
      withState(a, { ...a.state, status: "void", cause: `a ${request.kind} stopped it` }),
    );
    const expect = [...severed, ...voided].map((r) => ({ kind: r.kind, id: r.id, version: r.version }));
    return { expect, puts: [brake, ...ended, ...dropped] };
  }

  private async tasksIn(scope: BrakeScope): Promise<readonly Task[]> {
    const live = await this.kernel.store.find("task", { status: "live" });
    return live.filter((task) => covers(scope, chainOf(task), null));
  }

  /** An approval does not outlive a stop that covers it (design 5.2). */
  private async approvalsIn(scope: BrakeScope): Promise<readonly StateRecord<"approval">[]> {
    const open = [
      ...(await this.kernel.store.find("approval", { status: "pending" })),
      ...(await this.kernel.store.find("approval", { status: "approved" })),
    ];
    return open.filter(
      ({ terms }) => terms.subject === "call" && covers(scope, terms, terms.resources ?? terms.resource),
    );
  }

  private async agentsIn(scope: BrakeScope, severed: readonly Task[]): Promise<readonly AgentId[]> {
    const named = scope.type === "agent" ? [scope.value as AgentId] : [];
    const owned =
      scope.type === "owner" ? (await this.kernel.store.find("agent", { owner: scope.value })).map((a) => a.id) : [];
    return [...new Set([...named, ...owned, ...severed.map((task) => task.terms.agent)])];
  }

  private async ownerOf(scope: BrakeScope): Promise<HumanId | null> {
    if (scope.type === "all" || scope.type === "resource") return null;
    const kind = scope.type === "owner" ? "human" : scope.type;
    const record = (await this.kernel.store.get(kind, scope.value)) as StateRecord | null;
    return ownerOfScope(scope, { get: (() => record ?? undefined) as Parameters<typeof ownerOfScope>[1]["get"] });
  }

  /** A stop of something that does not exist is an error, never a success. */
  private async assertScope({ type, value }: BrakeScope): Promise<void> {
    if (type === "all" || type === "resource") {
      if (value.length === 0 || value.length > 1024)
        throw new AppError("brake.unknown_scope", { detail: "the scope is empty or too long" });
      return;
    }
    const kind = type === "owner" ? "human" : type;
    if ((await this.kernel.store.get(kind, value)) === null) {
      throw new AppError("brake.unknown_scope", { detail: `there is no ${type} \`${value.slice(0, 60)}\`` });
    }
  }

  async list(): Promise<readonly StateRecord<"brake">[]> {
    return await this.kernel.store.find("brake", { status: "active" });
  }

  /** The receipt of a stop, or how far it is. */
  async state(id: BrakeId): Promise<Receipt | Stopping> {
    const settled = await this.settled(id);
    if ("signature" in settled) return settled;
    if ((await this.kernel.store.get("brake", id)) === null)
      throw new AppError("request.not_found", { detail: `there is no brake \`${id.slice(0, 40)}\`` });
    return settled;
  }

  /** INV-3: the receipt once there is one; before that, which points have confirmed. */
  async settled(id: BrakeId): Promise<Receipt | Stopping> {
    const progress = this.stopping.get(id);
    if (progress !== undefined) return progress.shown(id);
    const bytes = await this.kernel.store.blob(`receipt/${id}`);
    if (bytes !== null) return JSON.parse(Buffer.from(bytes).toString("utf8")) as Receipt;
    return { id, state: "stopping", requestedAt: null, points: [] };
  }

  /** What a stop with this scope would reach now. @throws AppError `brake.unknown_scope` */
  async preview(scope: BrakeScope): Promise<StopPreview> {
    await this.assertScope(scope);
    const { store, points } = this.kernel;
    const [tasks, held, agents] = await Promise.all([
      this.tasksIn(scope),
      this.approvalsIn(scope),
      store.find("agent", { status: "active" }),
    ]);
    // A stop of a resource reaches whoever touches it: nobody is counted before they try.
    const reached = agents.filter(({ id, terms }) =>
      covers(scope, { human: terms.owner, device: null, agent: id, task: null }, null),
    );
    const byTask = new Set(tasks.map(({ terms }) => terms.agent));
    const all = new Set([...reached.map(({ id }) => id), ...byTask]);
    return { agents: all.size, tasks: tasks.length, held: held.length, points: points.all().length };
  }

  async thaw(id: BrakeId): Promise<Proposed> {
    const brake = await this.kernel.store.get("brake", id);
    if (brake === null) throw new AppError("request.not_found", { detail: `there is no brake \`${id.slice(0, 40)}\`` });
    if (brake.state.status !== "active")
      throw new AppError("request.conflict", { detail: "this brake was lifted already" });
    return await this.approvals().propose({
      act: "brake.thaw",
      draft: { id },
      resource: id,
      human: await this.ownerOf(brake.terms.scope),
    });
  }

  /** True when a sever keeps this agent from opening tasks until its owner signs. */
  async opensNoTask(agent: AgentId, chain: Chain): Promise<BrakeId | null> {
    const severs = (await this.list()).filter((b) => b.terms.kind === "sever");
    const found = severs.find((b) => b.terms.agents.includes(agent) || covers(b.terms.scope, chain, null));
    return found?.id ?? null;
  }
}

const chainOf = ({ id, terms }: Task): Chain => ({
  human: terms.human,
  device: terms.device,
  agent: terms.agent,
  task: id,
});

async function scopeWords(kernel: Kernel, { type, value }: BrakeScope): Promise<string> {
  if (type === "all") return "everything";
  return `${type === "owner" ? "agents of" : type} ${(await new Names(kernel).of(value)) ?? value}`;
}

export const thawKind: ChangeKind = {
  act: "brake.thaw",
  approvers: "stopped-owner",
  entryKind: "brake",
  async build(kernel, draft: Json) {
    const id = (draft as { id: BrakeId }).id;
    const brake = await kernel.store.get("brake", id);
    if (brake === null || brake.state.status !== "active")
      throw new AppError("approval.changed", { detail: "this brake was lifted already" });
    const { scope, kind, by, at, reason } = brake.terms;
    const words = typeof reason === "string" ? reason : await kernel.keys.openText(reason);
    return {
      bound: [withState(brake, { status: "thawed" })],
      also: [],
      expect: [{ kind: "brake", id, version: brake.version }],
      shown: { brake: id, kind, scope: { ...scope }, by, at, reason: words ?? "(erased)" },
      sentence: `lift the ${kind} of ${await scopeWords(kernel, scope)}`,
    };
  },
};
