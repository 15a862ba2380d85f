import { rmSync } from "node:fs";
import { type Server, type Socket, connect, createServer } from "node:net";
import { isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { isHookClient, readHookEvent } from "@countersign/gateway";
import type { HookReply } from "./client-session.ts";
import type { ClientSessions, HookCall } from "./client-sessions.ts";

/** What one hook process may say. */
const MOST_BYTES = 72 * 1024 * 1024;
const SAY_MS = 10_000;

const MALFORMED: HookReply = {
  decision: "deny",
  text: "DENIED input.invalid_json: the hook was given something that is not understood. Nothing was done. Tell your user.",
};

/**
 * Listens for the hook processes of this user: each sends a line about itself and what its client gave it, and reads one JSON object.
 * Resolves to null when another resident listens there already.
 */
export async function listenForHooks(place: string, sessions: Pick<ClientSessions, "answer">): Promise<Server | null> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    serve(socket, sessions).catch(() => socket.destroy());
  });
  if (await tryListen(server, place)) return server;
  if (await isAnswered(place)) return null;
  // What lies there belonged to a resident that is gone.
  rmSync(place, { force: true });
  return (await tryListen(server, place)) ? server : null;
}

async function tryListen(server: Server, place: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    };
    server.once("error", failed);
    server.listen(place, () => {
      server.off("error", failed);
      resolve(true);
    });
  });
}

async function isAnswered(place: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(place);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function serve(socket: Socket, sessions: Pick<ClientSessions, "answer">): Promise<void> {
  const gone = new AbortController();
  socket.on("error", () => undefined);
  socket.once("close", () => gone.abort());
  const bytes = await readAll(socket);
  if (bytes === null) return;
  const call = callOf(bytes);
  const reply = call === null ? MALFORMED : await sessions.answer(call, gone.signal);
  socket.end(JSON.stringify(reply));
}

async function readAll(socket: Socket): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  socket.setTimeout(SAY_MS, () => socket.destroy());
  for await (const part of socket as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) {
      socket.destroy();
      return null;
    }
    parts.push(part);
  }
  socket.setTimeout(0);
  return Buffer.concat(parts);
}

/** INV-2: what is not understood is no call. */
export function callOf(bytes: Buffer): HookCall | null {
  const line = bytes.indexOf("\n");
  const about = objectIn(bytes.subarray(0, Math.max(line, 0)));
  const payload = line === -1 ? null : objectIn(bytes.subarray(line + 1));
  if (about === null || payload === null) return null;
  const { client, flags, home, parent } = about;
  if (!isHookClient(client) || typeof home !== "string" || typeof parent !== "number") return null;
  const read = readHookEvent(client, payload);
  if (!read.ok) return null;
  return { client, agent: agentIn(flags) ?? client, home, parent, event: read.event, payload };
}

/** `--agent NAME`; without one the agent that is named as the client. */
function agentIn(flags: Json | undefined): string | null {
  if (!Array.isArray(flags)) return null;
  const name: unknown = flags[flags.indexOf("--agent") + 1];
  return flags.includes("--agent") && typeof name === "string" ? name : null;
}

function objectIn(bytes: Buffer): JsonObject | null {
  try {
    const value = JSON.parse(bytes.toString("utf8")) as Json;
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
