import { severalOf } from "@countersign/core";
import type { Approval } from "./payload.ts";
import { type Kernel, serverEntry } from "../kernel.ts";
import { withState } from "../store/index.ts";
import { stateAt } from "./display.ts";

/** Writes down which approvals have run out, and which rest on a task that is over (design 5.2). */
export async function sweepApprovals(kernel: Kernel): Promise<void> {
  const now = kernel.now();
  for (const status of ["pending", "approved"]) {
    for (const approval of await kernel.store.find("approval", { status })) {
      if (stateAt(approval, now) === "expired") await end(kernel, approval, { status: "expired", cause: null });
      else if (await isOrphan(kernel, approval))
        await end(kernel, approval, { status: "void", cause: "the agent's session ended" });
    }
  }
}

async function isOrphan({ store }: Kernel, { terms }: Approval): Promise<boolean> {
  return terms.task !== null && (await store.get("task", terms.task))?.state.status !== "live";
}

async function end(
  kernel: Kernel,
  approval: Approval,
  { status, cause }: { readonly status: "expired" | "void"; readonly cause: string | null },
): Promise<void> {
  const put = withState(approval, { ...approval.state, status, cause: cause ?? approval.state.cause });
  const committed = await kernel.store.commit({
    expect: [{ kind: "approval", id: approval.id, version: approval.version }],
    put: [put],
    entries: [
      serverEntry(kernel, "approval", {
        action: status === "expired" ? "approval.expire" : "approval.void",
        resource: approval.terms.resource,
        ...severalOf(approval.terms),
        approval: approval.id,
        changes: [put],
      }),
    ],
  });
  if (!committed.ok) kernel.log.debug({ approval: approval.id }, "approval changed before it was over");
}
