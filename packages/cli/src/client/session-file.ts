import { createHash } from "node:crypto";
import { join } from "node:path";
import { isId, type Json, type JsonObject, type SessionId } from "@countersign/core";
import { exportPrivateJwk, importSigningKey, type SigningKey } from "@countersign/credentials";
import type { Environment } from "../environment.ts";
import { objectAt, objectOf, textAt } from "./fields.ts";
import { readPrivateJson, removePrivateFile, writePrivateJson } from "./private-file.ts";

export interface Named {
  readonly id: string;
  readonly name: string;
}
/** A person's session on this machine. Its id is a name; what counts is the key. */
export interface StoredSession {
  readonly id: SessionId;
  readonly key: SigningKey;
  readonly human: Named;
  readonly device: Named;
  readonly expiresAt: string;
}
/** A sign-in that waits for the person: shared by every shim of this machine, so that one link serves all. */
export interface PendingSignIn {
  readonly approvalId: string;
  readonly url: string;
  /** The key that the session will be bound to. */
  readonly key: SigningKey;
  readonly expiresAt: string;
  /** Digest of what else the same signature puts in force; absent for a plain sign-in. */
  readonly asks?: string;
}

/** The session with that control plane, or null when there is none or it has ended. */
export function loadSession(server: string, env: Environment, now: number): StoredSession | null {
  const stored = readPrivateJson(sessionFile(server, env));
  if (stored === null) return null;
  const session = objectOf(stored);
  const id = session["id"];
  if (!isId("ses", id) || !isAhead(session, now)) return null;
  const key = importSigningKey(session["key"]);
  return {
    id,
    key,
    human: named(session, "human"),
    device: named(session, "device"),
    expiresAt: textAt(session, "expiresAt"),
  };
}

export function saveSession(server: string, session: StoredSession, env: Environment): void {
  const { id, key, human, device, expiresAt } = session;
  const secret = exportPrivateJwk(key) as unknown as Json;
  writePrivateJson(sessionFile(server, env), {
    server,
    id,
    human: { ...human },
    device: { ...device },
    expiresAt,
    key: secret,
  });
}

/** Forgets a session that its control plane does not know any more. A newer one stays. */
export function dropSession(server: string, session: StoredSession, env: Environment): void {
  const stored = readPrivateJson(sessionFile(server, env));
  if (stored !== null && objectOf(stored)["id"] === session.id) removePrivateFile(sessionFile(server, env));
}

export function loadPending(server: string, env: Environment, now: number): PendingSignIn | null {
  const stored = readPrivateJson(pendingFile(server, env));
  if (stored === null) return null;
  const pending = objectOf(stored);
  if (!isAhead(pending, now)) return null;
  const key = importSigningKey(pending["key"]);
  const { asks } = pending;
  return {
    approvalId: textAt(pending, "approvalId"),
    url: textAt(pending, "url"),
    key,
    expiresAt: textAt(pending, "expiresAt"),
    ...(typeof asks === "string" ? { asks } : {}),
  };
}

export function savePending(server: string, pending: PendingSignIn, env: Environment): void {
  const { key, ...open } = pending;
  const secret = exportPrivateJwk(key) as unknown as Json;
  writePrivateJson(pendingFile(server, env), { server, ...open, key: secret });
}

export function dropPending(server: string, env: Environment): void {
  removePrivateFile(pendingFile(server, env));
}

/** `{id, name}` of a control plane's answer. */
export function named(value: JsonObject, member: string): Named {
  const object = objectAt(value, member);
  return { id: textAt(object, "id"), name: textAt(object, "name") };
}

function isAhead(value: JsonObject, now: number): boolean {
  return Date.parse(textAt(value, "expiresAt")) > now;
}

function sessionFile(server: string, env: Environment): string {
  return join(env.configDir, "sessions", `${slug(server)}.json`);
}

function pendingFile(server: string, env: Environment): string {
  return join(env.configDir, "sessions", `${slug(server)}.pending.json`);
}

/** A file name for an address: readable, and different for different addresses. */
function slug(server: string): string {
  const digest = createHash("sha256").update(server).digest("hex").slice(0, 8);
  return `${new URL(server).host.replace(/[^a-z0-9.-]/gi, "_")}-${digest}`;
}
