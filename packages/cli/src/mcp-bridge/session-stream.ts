import { setTimeout as pause } from "node:timers/promises";
import { EventStreamReader } from "@countersign/gateway";
import { MESSAGE_BYTES, type Send } from "./send.ts";

export interface SessionStreamOptions {
  readonly send: Send;
  /** The session, and the revision that it speaks. */
  readonly session: { readonly id: string; readonly version: string };
  /** Takes each message that comes. */
  readonly take: (message: Buffer) => void;
}

const AGAIN_MS = 1000;
const MOST_MS = 30_000;

/**
 * Follows what a session of the 2025 era hears outside of its requests, and takes the stream up again behind the last event when it breaks
 * off. Ends with `signal`, or when there is no such session any more. Never rejects.
 */
export async function followSession(options: SessionStreamOptions, signal: AbortSignal): Promise<void> {
  let lastId = "";
  for (let failed = 0; !signal.aborted;) {
    const ended = await followOnce(options, lastId, signal).catch(() => null);
    if (ended?.gone === true) return;
    lastId = ended?.lastId ?? lastId;
    failed = ended === null ? failed + 1 : 0;
    const waitMs = Math.min(AGAIN_MS * 2 ** Math.min(failed, 8), MOST_MS);
    await pause(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

type Ended = { readonly gone: true } | { readonly gone: false; readonly lastId: string };

async function followOnce(
  { send, session, take }: SessionStreamOptions,
  lastId: string,
  signal: AbortSignal,
): Promise<Ended> {
  const headers = {
    accept: "text/event-stream",
    "mcp-session-id": session.id,
    "mcp-protocol-version": session.version,
    ...(lastId === "" ? {} : { "last-event-id": lastId }),
  };
  const response = await send({ method: "GET", body: "", headers }, signal);
  if (response.status !== 200 || response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    // An event that is kept no longer: the stream is opened anew.
    if (response.status === 400 && lastId !== "") return { gone: false, lastId: "" };
    return { gone: true };
  }
  const reader = new EventStreamReader(MESSAGE_BYTES, (data) => {
    if (!signal.aborted) take(data);
  });
  try {
    for await (const part of response.body ?? []) if (!reader.feed(Buffer.from(part))) return { gone: true };
  } catch {
    // It broke off.
  }
  return { gone: false, lastId: reader.lastId === "" ? lastId : reader.lastId };
}
