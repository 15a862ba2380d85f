import { setTimeout as wait } from "node:timers/promises";
import { AppError } from "@countersign/core";
import type { LocalRefusal } from "../mcp/local-refusal.ts";
import type { TaskLink } from "../mcp/task-link.ts";

const LOOK_MS = 2000;

/**
 * Renews the credential of a task every two seconds, so that its certificate is always fresh and an end of the task shows soon. Resolves with
 * why the task is over; with null when `signal` fires. A control plane that does not answer is waited for: what is open now is ended by
 * its gateway, and nothing new is opened when the certificate has ended.
 */
export async function taskOver(link: TaskLink, signal: AbortSignal): Promise<LocalRefusal | null> {
  for (;;) {
    try {
      await wait(LOOK_MS, undefined, { signal });
    } catch {
      return null;
    }
    const refusal = await look(link);
    if (refusal !== null) return refusal;
  }
}

async function look(link: TaskLink): Promise<LocalRefusal | null> {
  const before = await link.live(false);
  if (!before.ok) return isSilence(before.refusal) ? null : before.refusal;
  link.expired(before.task);
  const renewed = await link.live(false);
  return renewed.ok || isSilence(renewed.refusal) ? null : renewed.refusal;
}

function isSilence({ code }: LocalRefusal): boolean {
  return code === "server.unreachable";
}

/** What a person is told of a refusal. */
export function refused({ code, reason }: LocalRefusal): AppError {
  return new AppError(code, { detail: reason });
}
