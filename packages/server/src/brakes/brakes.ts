import type { StopPreview, Stopping } from "@countersign/api";
import {
  AppError,
  type AgentId,
  type BrakeId,
  type BrakeScope,
  type Chain,
  type StateRecord,
  covers,
  newId,
} from "@countersign/core";
import type { Approvals, Proposed } from "../approvals/index.ts";
import { type Kernel, type Published, retried, startChange } from "../kernel.ts";
import type { Put } from "../store/index.ts";
import { type Receipt, storedReceipt } from "./receipt.ts";
import { knownScope } from "./scope.ts";
import { type Settling, settle, settleLater } from "./settling.ts";
import { type StopRequest, liveTasksIn, openApprovalsIn, stopCommit } from "./stop-commit.ts";

/** A stop that is durable and on its way; `receipt` follows. Nobody has to wait for it. */
export interface BegunStop {
  readonly id: BrakeId;
  readonly receipt: Promise<Receipt>;
}

/** Receipts that are known to be there, so that nobody looks for them again. */
const MOST_KNOWN = 100_000;
const PAGE = 200;

/** Stops (design 7): committed, pushed to every enforcement point, and answered with a receipt when all have confirmed. */
export class Brakes {
  private readonly kernel: Kernel;
  private readonly approvals: () => Approvals;
  private readonly settling = new Map<BrakeId, Settling>();
  private readonly known = new Set<BrakeId>();
  private lookedAtAll = false;

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

  /** Resolves when the stop is durable and on its way. @throws AppError `brake.unknown_scope` */
  async begin(request: StopRequest): Promise<BegunStop> {
    const { kernel } = this;
    const scoped = await knownScope(kernel, request.scope);
    const { id, at } = this.next();
    // A stop that races with a change of what it covers is tried again: it must not fail because something else moved.
    return await retried(async () => {
      const commit = await stopCommit(kernel, { id, request, at }, scoped);
      return this.settle(commit.put?.[0] as Put & { kind: "brake" }, await startChange(kernel, commit));
    });
  }

  /** For a stop that is committed together with what it is about: its id and time. */
  next(): { readonly id: BrakeId; readonly at: number } {
    const at = this.kernel.now();
    return { id: newId("brk", at, this.kernel.random), at };
  }

  /** Waits for the confirmations of a stop that was committed just now, its entry being the first of the commit. */
  settle(brake: Put & { readonly kind: "brake" }, published: Published): BegunStop {
    return { id: brake.id, receipt: this.keep(brake.id, settle(this.kernel, brake, published)) };
  }

  /** A stop that was begun before: its receipt, or the end of what is under way. */
  async follow(brake: StateRecord<"brake">): Promise<BegunStop> {
    await this.takeUp(brake);
    const { id } = brake;
    const under = this.settling.get(id)?.receipt;
    return { id, receipt: under ?? storedReceipt(this.kernel, id).then((receipt) => receipt ?? missing(id)) };
  }

  private keep(id: BrakeId, settling: Settling): Promise<Receipt> {
    const { kernel } = this;
    this.settling.set(id, settling);
    settling.receipt
      .then(
        () => this.note(id),
        // The sweep takes it up again.
        (error: unknown) => kernel.log.error({ err: error, brake: id }, "stop not settled yet"),
      )
      .finally(() => {
        this.settling.delete(id);
        kernel.hint({ kind: "brake", id });
      });
    return settling.receipt;
  }

  private note(id: BrakeId): void {
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.add(id);
  }

  /** Takes up every stop without a receipt: of a server that ended, of another one, of this one when it could not write. */
  async sweep(): Promise<void> {
    const { store } = this.kernel;
    for (let before: string | undefined; ;) {
      const page = await store.find("brake", { limit: PAGE, ...(before === undefined ? {} : { before }) });
      for (const brake of page.toReversed()) await this.takeUp(brake);
      if (this.lookedAtAll || page.length < PAGE) break;
      before = page[0]?.id;
    }
    this.lookedAtAll = true;
  }

  private async takeUp(brake: StateRecord<"brake">): Promise<void> {
    if (this.known.has(brake.id) || this.settling.has(brake.id)) return;
    if ((await storedReceipt(this.kernel, brake.id)) !== null) return this.note(brake.id);
    if (!this.settling.has(brake.id)) this.keep(brake.id, settleLater(this.kernel, brake)).catch(() => undefined);
  }

  /** Stops from before that moment (Unix ms) that have no receipt. */
  async unsettled(before: number): Promise<readonly BrakeId[]> {
    const { store } = this.kernel;
    const found: BrakeId[] = [];
    for (let page = await store.find("brake", { limit: PAGE }); ;) {
      for (const { id, terms } of page)
        if (Date.parse(terms.at) < before && (await storedReceipt(this.kernel, id)) === null) found.push(id);
      const [oldest] = page;
      if (page.length < PAGE || oldest === undefined) return found;
      page = await store.find("brake", { limit: PAGE, before: oldest.id });
    }
  }

  async list(): Promise<readonly StateRecord<"brake">[]> {
    return await this.kernel.store.find("brake", { status: "active" });
  }

  /** INV-3: the receipt of a stop once there is one; before that, which points have confirmed. @throws AppError `request.not_found` */
  async state(id: BrakeId): Promise<Receipt | Stopping> {
    const receipt = this.settling.has(id) ? null : await storedReceipt(this.kernel, id);
    if (receipt !== null) return receipt;
    const brake = await this.kernel.store.get("brake", id);
    if (brake === null) return missing(id);
    await this.takeUp(brake);
    return this.settling.get(id)?.shown() ?? (await storedReceipt(this.kernel, id)) ?? begun(brake);
  }

  /** What a stop with this scope would reach now. @throws AppError `brake.unknown_scope` */
  async preview(scope: BrakeScope): Promise<StopPreview> {
    const { store } = this.kernel;
    await knownScope(this.kernel, scope);
    const [tasks, held, agents, ...points] = await Promise.all([
      liveTasksIn(this.kernel, scope),
      openApprovalsIn(this.kernel, scope),
      store.find("agent", { status: "active" }),
      store.find("point", { status: "active" }),
      store.find("point", { status: "leaving" }),
    ]);
    // A stop of a resource reaches whoever touches it: nobody is counted before they try.
    const reached = agents.filter(({ id, terms }) =>
      covers(scope, { human: terms.owner, device: null, agent: id, task: null }, null),
    );
    const byTask = new Set(tasks.flatMap(({ terms }) => terms.agent ?? []));
    const all = new Set([...reached.map(({ id }) => id), ...byTask]);
    const waitedFor = new Set([...points.flat(), ...this.kernel.points.all()].map(({ id }) => id));
    return { agents: all.size, tasks: tasks.length, held: held.length, points: waitedFor.size };
  }

  async thaw(id: BrakeId): Promise<Proposed> {
    const brake = (await this.kernel.store.get("brake", id)) ?? missing(id);
    if (brake.state.status !== "active")
      throw new AppError("request.conflict", { detail: "this brake was lifted already" });
    const { owner } = await knownScope(this.kernel, brake.terms.scope);
    return await this.approvals().propose({ act: "brake.thaw", draft: { id }, resource: id, human: owner });
  }

  /** The sever, if any, that keeps this agent from opening tasks until its owner signs. */
  async opensNoTask(agent: AgentId, chain: Chain): Promise<BrakeId | null> {
    const severs = (await this.list()).filter((b) => b.terms.kind === "sever");
    const found = severs.find((b) => b.terms.agents.includes(agent) || covers(b.terms.scope, chain, null));
    return found?.id ?? null;
  }
}

function begun({ id, terms }: StateRecord<"brake">): Stopping {
  return { id, state: "stopping", requestedAt: terms.at, leasesEndAt: null, points: [] };
}

function missing(id: BrakeId): never {
  throw new AppError("request.not_found", { detail: `there is no brake \`${id.slice(0, 40)}\`` });
}
