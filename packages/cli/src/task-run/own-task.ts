import { AppError, type JsonObject, type TaskId } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { textAt } from "../client/fields.ts";

const POLL_MS = 1000;
const END_MS = 2000;
/** States of an approval after which the task is there. */
const SIGNED = new Set(["approved", "consumed"]);

/**
 * Opens a task without an agent: says where it is signed, and waits for that.
 * @throws AppError `countersignature.required` when it is denied or nobody signs
 */
export async function openOwnTask(client: Client, cli: Cli, terms: JsonObject): Promise<TaskId> {
  const asked = await client.json({ as: "session", path: "/v1/tasks", body: terms });
  const [id, approvalId, url] = [textAt(asked, "id"), textAt(asked, "approvalId"), textAt(asked, "url")];
  cli.out.note({ event: "held", task: id, approvalId, url }, () => [
    `countersign: an administrator signs what you may do: ${url}`,
  ]);
  cli.openPage(url);
  for (;;) {
    await cli.pause(POLL_MS);
    const { state } = await client.json({ as: "session", path: `/v1/approvals/${approvalId}` });
    if (typeof state === "string" && SIGNED.has(state)) return id as TaskId;
    if (state !== "pending" || cli.signal.aborted)
      throw new AppError("countersignature.required", {
        detail: `the task was not signed (${typeof state === "string" ? state : "unknown"})`,
      });
  }
}

/** Ends it; a control plane that is gone ends it when it has stood still. Never rejects. */
export async function endOwnTask(client: Client, id: TaskId): Promise<void> {
  await client.raw({ as: "session", path: `/v1/tasks/${id}/end`, body: {}, answerMs: END_MS }).catch(() => undefined);
}
