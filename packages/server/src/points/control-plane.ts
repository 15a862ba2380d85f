import {
  type ApprovalId,
  type BrakeId,
  type Chain,
  type HeldCall,
  type Kinds,
  type PointId,
  type TaskId,
  approvalEndsAt,
  signedScope,
} from "@countersign/core";
import type {
  ControlPlane,
  Denial,
  Held,
  Hello,
  HoldRefused,
  HoldRequest,
  Learned,
  Merged,
  RecordRequest,
  Recorded,
  RenewalRequest,
  Snapshot,
  SpoolRun,
} from "@countersign/enforce";
import type { Approvals } from "../approvals/index.ts";
import type { Brakes } from "../brakes/index.ts";
import { type Kernel, named, publish } from "../kernel.ts";
import { type Commit, withState } from "../store/index.ts";
import type { Tasks } from "../tasks/index.ts";
import { readSecret } from "../secrets/index.ts";
import { SpoolMerge } from "./merge-spool.ts";
import { sealedDisclosure } from "./sealed-disclosure.ts";
import type { ServedPoints } from "./served-points.ts";

/** Tries to take one of several uses that are taken at the same time. */
const MOST_TRIES = 100;

/** The control plane as the enforcement points of this process call it. */
export class LocalControlPlane implements ControlPlane {
  private readonly kernel: Kernel;
  private readonly spools: SpoolMerge;
  private readonly modules: { readonly approvals: Approvals; readonly brakes: Brakes; readonly tasks: Tasks };

  private readonly points: ServedPoints;

  constructor(kernel: Kernel, modules: LocalControlPlane["modules"], points: ServedPoints) {
    this.kernel = kernel;
    this.modules = modules;
    this.spools = new SpoolMerge(kernel);
    this.points = points;
  }

  async join(hello: Hello): Promise<Snapshot> {
    return await this.points.join(hello);
  }

  async renew(renewal: RenewalRequest): Promise<Snapshot> {
    return await this.points.renew(renewal);
  }

  async learn(point: PointId, task: TaskId): Promise<Learned> {
    return await this.points.learn(point, task);
  }

  async forget(point: PointId, tasks: readonly TaskId[]): Promise<void> {
    this.points.forget(point, tasks);
    await Promise.resolve();
  }

  async leave(point: PointId): Promise<void> {
    await this.points.leave(point);
  }

  async record(request: RecordRequest): Promise<Recorded> {
    if (request.consume === undefined) return await this.recordWith(request, {});
    for (let tries = 1; ; tries += 1) {
      const used = await this.consumption(request, request.consume);
      if (used === null) return { ok: false, code: "countersignature.used" };
      const recorded = await this.recordWith(request, used);
      // Of several uses another may have been taken meanwhile: the next one is asked for, as long as one is left.
      const again = !recorded.ok && recorded.code === "countersignature.used" && used.several && tries < MOST_TRIES;
      if (!again) return recorded;
    }
  }

  private async recordWith(request: RecordRequest, used: Pick<Commit, "expect" | "put">): Promise<Recorded> {
    const commit = await this.commitOf(request, used);
    const committed = await this.kernel.store.commit(commit);
    if (committed.ok) {
      publish(this.kernel, commit, committed);
      return { ok: true };
    }
    if (committed.code === "conflict") return { ok: false, code: "countersignature.used" };
    return { ok: false, code: committed.kind === "freeze" ? "brake.frozen" : "brake.severed", brake: committed.brake };
  }

  private async commitOf(request: RecordRequest, { expect, put }: Pick<Commit, "expect" | "put">): Promise<Commit> {
    const { point, entries, guard, disclosure } = request;
    const [{ chain }] = entries;
    const changes = put === undefined ? {} : { changes: named(put) };
    return {
      ...(expect === undefined ? {} : { expect }),
      ...(put === undefined ? {} : { put }),
      ...(guard === undefined ? {} : { guard: { chain, resource: guard.resource } }),
      entries: entries.map((draft, i) => (i === 0 ? { point, draft, ...changes } : { point, draft })),
      ...(disclosure === undefined ? {} : { blobs: [await sealedDisclosure(this.kernel, disclosure, chain)] }),
    };
  }

  /** INV-5: a use is taken in the transaction of the intent's record, no more than were signed. Null: none is left. */
  private async consumption(
    { entries: [{ intent }] }: RecordRequest,
    { approval: id, version }: NonNullable<RecordRequest["consume"]>,
  ): Promise<(Pick<Commit, "expect" | "put"> & { readonly several: boolean }) | null> {
    const approval = await this.kernel.store.get("approval", id);
    if (intent === undefined || approval?.state.status !== "approved") return null;
    if (approvalEndsAt(approval) <= this.kernel.now()) return null;
    const several = signedScope(approval) === "task";
    const fresh = several ? approval.version >= version : approval.version === version;
    const state = fresh ? afterUse(approval.state, several) : null;
    if (state === null) return null;
    return {
      several,
      expect: [{ kind: "approval", id, version: approval.version }],
      put: [withState(approval, { ...state, intent })],
    };
  }

  async denial(approval: ApprovalId, chain: Chain): Promise<Denial | null> {
    return await this.modules.approvals.denial(approval, chain);
  }

  async brakeReason(brake: BrakeId): Promise<string | null> {
    const reason = (await this.kernel.store.get("brake", brake))?.terms.reason ?? null;
    return reason === null || typeof reason === "string" ? reason : await this.kernel.keys.openText(reason);
  }

  async hold(request: HoldRequest): Promise<Held | HoldRefused> {
    return await this.modules.approvals.hold(request);
  }

  async heldCall(approval: ApprovalId, chain: Chain): Promise<HeldCall | null> {
    return await this.modules.approvals.heldCall(approval, chain);
  }

  async secret(name: string): Promise<string | null> {
    return await readSecret(this.kernel, name);
  }

  async severTask(chain: Chain, brake: string): Promise<void> {
    if (chain.task === null) return;
    await this.modules.brakes.stop({
      kind: "sever",
      scope: { type: "task", value: chain.task },
      reason: `three tries against ${brake}`,
      by: "countersign",
    });
  }

  touch(chain: Chain): void {
    if (chain.task !== null) this.modules.tasks.touch(chain.task);
  }

  async merge(run: SpoolRun): Promise<Merged> {
    return await this.spools.merge(run);
  }
}

/** The state of an approval of which one more use is taken. Null: all that were signed are taken. */
function afterUse(state: Kinds["approval"]["state"], several: boolean): Kinds["approval"]["state"] | null {
  const uses = state.answers[0]?.signed.uses ?? 1;
  const used = (state.used ?? 0) + 1;
  if (used > uses) return null;
  return { ...state, status: used < uses ? "approved" : "consumed", ...(several ? { used } : {}) };
}
