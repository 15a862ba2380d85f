import { createHmac } from "node:crypto";
import type { TaskId } from "@countersign/core";
import { sameText } from "@countersign/credentials";

/** What a parked action is found again by: a text for its client alone (MCP 2026-07-28, `requestState`). */
export interface RequestState {
  readonly park: string;
  /** The question-and-answer round that it asks for. */
  readonly round: number;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}
export interface StateOwner {
  readonly task: TaskId;
  readonly upstream: string;
}

const CONTEXT = "countersign-request-state-v1";
const FORM = /^cs1\.([0-9a-f]{32})\.([0-9]{1,3})\.([0-9]{1,16})\.([A-Za-z0-9_-]{43})$/;

export function signState(state: RequestState, owner: StateOwner, key: Uint8Array): string {
  const text = `${state.park}.${String(state.round)}.${String(state.expiresAt)}`;
  return `cs1.${text}.${macOf(text, owner, key)}`;
}

/** Reads such a text back; null when it is not ours, of another task or upstream, or has ended. */
export function readState(
  text: string,
  owner: StateOwner,
  { key, now }: { key: Uint8Array; now: number },
): RequestState | null {
  const [, park = "", round = "", expiresAt = "", mac = ""] = FORM.exec(text) ?? [];
  if (park === "" || !sameText(mac, macOf(`${park}.${round}.${expiresAt}`, owner, key))) return null;
  return Number(expiresAt) <= now ? null : { park, round: Number(round), expiresAt: Number(expiresAt) };
}

function macOf(text: string, { task, upstream }: StateOwner, key: Uint8Array): string {
  return createHmac("sha256", key).update(`${CONTEXT}\n${task}\n${upstream}\n${text}`).digest("base64url");
}
