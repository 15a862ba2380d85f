import { sign } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Drill, DrillPoint } from "@countersign/api";
import { AppError, type BrakeId, type LedgerEntry, type TaskId, canonicalBytes } from "@countersign/core";
import type { Brakes, Receipt } from "../brakes/index.ts";
import { type Kernel, serverEntry } from "../kernel.ts";

/** How long the refusals of points on other machines may be under way, and how often they are looked for. */
const ARRIVES_MS = 10_000;
const LOOK_MS = 100;
/** Refusals of one task that are looked at. */
const MOST_REFUSALS = 1000;
const LAST = "drill/last";

/**
 * Drills: a freeze of a canary task, whose agent then tried to act at each point. What is signed rests on the receipt of the stop and on the
 * refusals that the points recorded, never on what the caller says.
 */
export class Drills {
  private readonly kernel: Kernel;
  private readonly brakes: Brakes;

  constructor(kernel: Kernel, brakes: Brakes) {
    this.kernel = kernel;
    this.brakes = brakes;
  }

  /**
   * Signs the result of a stop of a task into the ledger; waits for the refusals of `tried` points to arrive.
   * @throws AppError `request.not_found`, `request.conflict` before the stop is settled
   */
  async conclude(id: BrakeId, tried: readonly string[]): Promise<Drill> {
    const receipt = await this.receiptOf(id);
    const task = receipt.scope.value as TaskId;
    const refusals = await this.refusals(receipt, task, tried);
    const unsigned = {
      brake: id,
      task,
      requestedAt: receipt.requestedAt,
      settledAt: receipt.settledAt,
      tookMs: Date.parse(receipt.settledAt) - Date.parse(receipt.requestedAt),
      points: receipt.points.map((point) => drilled(point, receipt, refusals)),
      kid: receipt.kid,
    };
    const { receipts } = this.kernel.keys;
    const drill = {
      ...unsigned,
      signature: sign(null, canonicalBytes(unsigned), receipts.privateKey).toString("base64url"),
    };
    const { points, tookMs, signature } = drill;
    await this.kernel.store.commit({
      entries: [
        serverEntry(this.kernel, "brake", {
          action: "drill.settled",
          resource: id,
          cause: {
            drill: {
              task,
              tookMs,
              points: points.length,
              refused: points.filter(({ refusal }) => refusal !== null).length,
              signature,
            },
          },
        }),
      ],
      blobs: [{ name: LAST, bytes: Buffer.from(JSON.stringify(drill)) }],
    });
    return drill;
  }

  /** The last one, or null. */
  async last(): Promise<Drill | null> {
    const bytes = await this.kernel.store.blob(LAST);
    return bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString("utf8")) as Drill);
  }

  private async receiptOf(id: BrakeId): Promise<Receipt> {
    const state = await this.brakes.state(id);
    if (!("signature" in state))
      throw new AppError("request.conflict", { detail: "the stop is not confirmed by every point yet; ask again" });
    if (state.kind !== "freeze" || state.scope.type !== "task")
      throw new AppError("request.invalid", { detail: "a drill is a freeze of one task" });
    return state;
  }

  /** The first refusal that each point recorded for this task because of this stop, once every point that was tried has one. */
  private async refusals({ brake, requestedAt }: Receipt, task: TaskId, tried: readonly string[]): Promise<Refusals> {
    const since = Date.parse(requestedAt);
    for (let waited = 0; ; waited += LOOK_MS) {
      const found = await this.kernel.store.entries({ task, kind: "decision", limit: MOST_REFUSALS });
      const refusals = new Map<string, LedgerEntry>();
      for (const { body } of found) {
        const entry = body as unknown as LedgerEntry;
        const because = entry.decision?.code === "brake.frozen" && Date.parse(entry.time) >= since;
        if (because && !refusals.has(entry.point)) refusals.set(entry.point, entry);
      }
      if (tried.every((point) => refusals.has(point)) || waited >= ARRIVES_MS) return refusals;
      this.kernel.log.debug({ brake }, "refusals of a drill are still under way");
      await pause(LOOK_MS);
    }
  }
}

type Refusals = ReadonlyMap<string, LedgerEntry>;

function drilled(point: Receipt["points"][number], { requestedAt }: Receipt, refusals: Refusals): DrillPoint {
  const { id, name, how, at } = point;
  return { id, name, how, tookMs: Date.parse(at) - Date.parse(requestedAt), refusal: refusals.get(id)?.id ?? null };
}
