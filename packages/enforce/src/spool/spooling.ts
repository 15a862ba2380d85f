import { AppError } from "@countersign/core";
import type { ControlPlane, RecordRequest, Recorded, SpoolFrame } from "../control-plane.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Spool } from "./spool.ts";
import { wayOf } from "./spoolable.ts";

/** How long the control plane may take to record an outcome before the spool does. */
const OUTCOME_WAIT_MS = 2000;
/** How long an orderly end waits for the spool to be merged; what is left is sent by the next process. */
const FLUSH_MS = 2000;

/**
 * A control plane whose reads, outcomes and refusals are durable at the point (design 8, ADR 0007). Reads and refusals never wait for the
 * network. The outcome of an action that the control plane recorded goes there too, and into the spool only if it does not answer. An intent
 * whose effect is not `read` is durable when the control plane says so, and never otherwise (INV-6).
 */
export function spooling(controlPlane: ControlPlane, spool: Spool, forwarder: Forwarder): ControlPlane {
  return {
    join: async (hello) => await controlPlane.join(hello),
    renew: async (renewal) => await controlPlane.renew(renewal),
    learn: async (point, task) => await controlPlane.learn(point, task),
    forget: async (point, tasks) => await controlPlane.forget(point, tasks),
    async leave(point) {
      await forwarder.flush(FLUSH_MS);
      await controlPlane.leave(point);
    },
    record: async (request) => await record(request, controlPlane, spool),
    hold: async (request) => await controlPlane.hold(request),
    denial: async (approval, chain) => await controlPlane.denial(approval, chain),
    brakeReason: async (brake) => await controlPlane.brakeReason(brake),
    heldCall: async (approval, chain) => await controlPlane.heldCall(approval, chain),
    secret: async (name) => await controlPlane.secret(name),
    severTask: async (chain, brake) => await controlPlane.severTask(chain, brake),
    touch: (chain) => controlPlane.touch(chain),
    merge: async (run) => await controlPlane.merge(run),
  };
}

async function record(request: RecordRequest, controlPlane: ControlPlane, spool: Spool): Promise<Recorded> {
  // INV-2: of a point whose record was contradicted nothing more is recorded in any way, so that it does nothing more.
  if (spool.fault?.code === "ledger.damaged") throw spool.fault;
  const way = wayOf(request);
  if (way === "control-plane") return await controlPlane.record(request);
  if (way === "either") {
    try {
      return await soon(controlPlane.record(request));
    } catch (error) {
      // What no ledger takes, the spool must not hold either.
      if (error instanceof AppError && error.code.startsWith("input.")) throw error;
    }
  }
  try {
    // If the answer was only lost, the same entry is there twice: the merge sees that by its id.
    await spool.append(frameOf(request));
    return { ok: true };
  } catch (error) {
    if (way === "spool" && error instanceof AppError && error.code === "input.too_large")
      return await controlPlane.record(request);
    throw error;
  }
}

function frameOf({ entries, disclosure }: RecordRequest): SpoolFrame {
  return disclosure === undefined ? { entries } : { entries, disclosure };
}

async function soon(recording: Promise<Recorded>): Promise<Recorded> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void => reject(new AppError("server.unreachable", { detail: "the control plane did not answer" }));
  const timer = setTimeout(late, OUTCOME_WAIT_MS);
  try {
    return await Promise.race([recording, promise]);
  } finally {
    clearTimeout(timer);
  }
}
