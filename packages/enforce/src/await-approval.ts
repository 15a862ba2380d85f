import type { ApprovalId, StateRecord } from "@countersign/core";
import type { Action } from "./action.ts";
import type { LiveAction } from "./live.ts";
import type { EnforcementPoint } from "./point.ts";

export type ApprovalEnd = StateRecord<"approval">["state"]["status"] | "timeout" | "gone" | "stopped";

interface Waiting {
  readonly point: EnforcementPoint;
  readonly action: Action;
  readonly live: LiveAction;
}

/** Waits until a human has answered, a stop came, the client went or the time is up. The time being up approves nothing (INV-5). */
export async function awaitApproval(
  { point, action, live }: Waiting,
  id: ApprovalId,
  waitMs: number,
): Promise<ApprovalEnd> {
  return await new Promise((resolve) => {
    const finish = (end: ApprovalEnd): void => {
      clearTimeout(timer);
      unsubscribe();
      action.signal.removeEventListener("abort", gone);
      live.stopped.signal.removeEventListener("abort", stopped);
      resolve(end);
    };
    const gone = (): void => finish("gone");
    const stopped = (): void => finish("stopped");
    const look = (): void => {
      const status = point.replica.get("approval", id)?.state.status;
      if (status !== undefined && status !== "pending") finish(status);
    };
    const timer = setTimeout(() => finish("timeout"), waitMs);
    const unsubscribe = point.replica.onChange((record) => {
      if (record.kind === "approval" && record.id === id) look();
    });
    action.signal.addEventListener("abort", gone, { once: true });
    live.stopped.signal.addEventListener("abort", stopped, { once: true });
    if (action.signal.aborted) gone();
    else if (live.stopped.signal.aborted) stopped();
    else look();
  });
}
