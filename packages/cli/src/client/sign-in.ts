import { AppError, type DeviceId, isId, type JsonObject } from "@countersign/core";
import {
  generateSigningKey,
  type Posture,
  signEvidence,
  signKeyProof,
  type SigningKey,
} from "@countersign/credentials";
import type { Surroundings } from "../cli.ts";
import type { Client } from "./api.ts";
import { objectAt, textAt } from "./fields.ts";
import {
  dropPending,
  loadPending,
  named,
  type PendingSignIn,
  savePending,
  saveSession,
  type StoredSession,
} from "./session-file.ts";

/** How long a link is taken to be open when the control plane does not say. */
const LINK_MS = 900_000;

/** This machine as the device that a person signs in from. */
export interface ThisDevice {
  readonly id: DeviceId;
  readonly name: string;
  readonly key: SigningKey;
  readonly posture: () => Promise<Posture>;
}
export type SignInState =
  | { readonly state: "approved"; readonly session: StoredSession }
  | { readonly state: "pending" | "denied" | "expired" };

export interface PollContext {
  readonly client: Client;
  readonly cli: Surroundings;
}
export interface SignInContext extends PollContext {
  readonly device: () => Promise<ThisDevice>;
}

/**
 * The sign-in that waits for the person: the one that is open already, else a new request (device key and fresh session key, each
 * proving itself and naming the other). Throws AppError when the control plane refuses or is down.
 */
export async function requestSignIn({ client, cli, device }: SignInContext): Promise<PendingSignIn> {
  const server = await client.server();
  const open = loadPending(server, cli.env, cli.now());
  if (open !== null) return open;
  const key = generateSigningKey();
  const body = await deviceRequest({ client, cli, device }, key);
  const answer = await client.json({ as: "anyone", path: "/v1/session/requests", body });
  const { expiresAt } = answer;
  const ends = typeof expiresAt === "string" ? expiresAt : new Date(cli.now() + LINK_MS).toISOString();
  const pending = { approvalId: textAt(answer, "id"), url: textAt(answer, "url"), expiresAt: ends, key };
  savePending(server, pending, cli.env);
  return pending;
}

/** What this device says when it asks for a session with `key`: both keys prove themselves and name each other. */
export async function deviceRequest({ client, cli, device }: SignInContext, key: SigningKey): Promise<JsonObject> {
  const audience = await client.server();
  const { id, name, key: deviceKey, posture } = await device();
  const report = await posture();
  const now = cli.now();
  return {
    device: id,
    deviceName: name,
    deviceProof: signKeyProof(deviceKey, { purpose: "enroll", audience, nonce: key.jkt, now }),
    sessionProof: signKeyProof(key, { purpose: "session", audience, nonce: deviceKey.jkt, now }),
    evidence: signEvidence(deviceKey, { device: id, posture: report, nonce: null, now }),
  };
}

/** Asks once what became of a sign-in. An approved one is kept as the session of this machine; an ended one is forgotten. */
export async function pollSignIn({ client, cli }: PollContext, pending: PendingSignIn): Promise<SignInState> {
  const server = await client.server();
  const { approvalId, key } = pending;
  const proof = signKeyProof(key, { purpose: "session-poll", audience: server, nonce: approvalId, now: cli.now() });
  const path = `/v1/session/requests/${encodeURIComponent(approvalId)}`;
  const answer = await client.json({ as: "anyone", path, headers: { "session-proof": proof } });
  const state = textAt(answer, "state");
  if (state === "pending") return { state };
  if (state !== "approved") {
    dropPending(server, cli.env);
    return { state: state === "denied" ? "denied" : "expired" };
  }
  const session = sessionOf(objectAt(answer, "session"), key);
  saveSession(server, session, cli.env);
  dropPending(server, cli.env);
  return { state, session };
}

/** A sign-in that an earlier command left open: what became of it. Null when there is none, or it has ended. */
export async function resumeSignIn(
  context: PollContext,
): Promise<{ readonly session: StoredSession } | { readonly pending: PendingSignIn } | null> {
  const { client, cli } = context;
  const server = await client.server();
  const pending = loadPending(server, cli.env, cli.now());
  if (pending === null) return null;
  try {
    const polled = await pollSignIn(context, pending);
    if (polled.state === "approved") return { session: polled.session };
    return polled.state === "pending" ? { pending } : null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "server.unreachable") throw error;
    // The control plane does not know this request any more: the next sign-in makes another.
    dropPending(server, cli.env);
    return null;
  }
}

function sessionOf(answer: JsonObject, key: SigningKey): StoredSession {
  const id = answer["id"];
  if (!isId("ses", id))
    throw new AppError("internal.error", { detail: "the control plane's answer lacks a session id" });
  return {
    id,
    key,
    human: named(answer, "human"),
    device: named(answer, "device"),
    expiresAt: textAt(answer, "expiresAt"),
  };
}
