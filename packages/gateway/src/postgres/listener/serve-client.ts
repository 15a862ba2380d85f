import type { TLSSocket } from "node:tls";
import { type TaskId, type UpstreamRecord, isUpstreamOf } from "@countersign/core";
import type { TrustBundle } from "@countersign/credentials";
import { type Claims, claimsOfSvid } from "@countersign/enforce";
import type { GatewayLog, GatewayPoint } from "../../mcp/index.ts";
import { ClientConnection, Session, besideCall, writeRefusal } from "../session/index.ts";
import {
  AUTHENTICATION_OK,
  STARTUP_BYTES,
  type StartupPacket,
  readStartup,
  writeBackendKey,
  writeError,
  writeNegotiation,
  writeParameterStatus,
  writeReady,
} from "../wire/index.ts";
import type { GuardedDatabase } from "../guarded-database.ts";
import type { LoggedIn } from "../upstream/index.ts";
import type { CancelKeys } from "./cancel-keys.ts";
import { OpenSession, loginOf } from "./open-session.ts";
import { readStartParameters } from "./start-parameters.ts";

/** What the connections of a gateway share. */
export interface ListenerContext {
  readonly point: GatewayPoint;
  readonly log: GatewayLog;
  readonly bundle: () => TrustBundle;
  readonly cancelKeys: CancelKeys;
  readonly sessions: Set<Session>;
  /** The database behind a record; opened once for the terms that it has. @throws AppError when it cannot be used */
  readonly database: (record: UpstreamRecord<"postgres">) => Promise<GuardedDatabase>;
}

const STARTUP_MS = 10_000;
/** The newest protocol that is spoken: 3.2. */
const NEWEST = 0x0003_0002;
const NEWEST_MINOR = 2;

type Startup = Extract<StartupPacket, { type: "startup" }>;

/** Serves one client whose TLS handshake is done. Never rejects. */
export async function serveClient(context: ListenerContext, socket: TLSSocket): Promise<void> {
  try {
    const packet = await startupOf(socket);
    if (packet === null) return;
    if (packet.type === "cancel") {
      context.cancelKeys.use(packet.pid, packet.key);
      socket.end();
    } else if (packet.type === "startup") await open(context, socket, packet);
    else refuse(socket, "08P01", packet.type === "malformed" ? packet.reason : "the connection is encrypted already");
  } catch (error) {
    context.log.error({ err: error }, "a client of PostgreSQL was not served");
    socket.destroy();
  }
}

/** The packet with which a client begins; what came behind it is put back. Null: none came. */
async function startupOf(socket: TLSSocket): Promise<StartupPacket | null> {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), STARTUP_MS);
  try {
    return await new Promise<StartupPacket | null>((resolve) => {
      const finish = (packet: StartupPacket | null): void => {
        socket.off("data", take);
        socket.pause();
        resolve(packet);
      };
      const take = (chunk: Buffer): void => {
        bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
        const read = readStartup(bytes);
        if (read === null) return bytes.length > STARTUP_BYTES ? void socket.destroy() : undefined;
        finish(read.packet);
        const rest = bytes.subarray(read.sizeBytes);
        if (rest.length > 0 && read.packet.type === "startup") socket.unshift(rest);
      };
      socket.on("data", take);
      socket.once("close", () => finish(null));
    });
  } finally {
    clearTimeout(timer);
  }
}

async function open(context: ListenerContext, socket: TLSSocket, packet: Startup): Promise<void> {
  const { point } = context;
  const start = readStartParameters(packet.parameters);
  if (!start.ok) return refuse(socket, start.sqlState, start.reason);
  const claims = await claimsOf(context, socket);
  const record = point.replica.get("upstream", start.database);
  const known = record?.state.status === "active" && isUpstreamOf("postgres", record) ? record : null;
  if (!claims.ok || known === null) return await tellRefused(context, socket, { claims, database: start.database });
  const database = await context.database(known);
  const opening = new OpenSession({ point, claims, database, settings: start.settings });
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const call = besideCall(known.id, "session");
  await point.enforce({ claims, call, signal: gone.signal, waitMs: 0 }, opening, opening);
  const { opened, refused } = opening;
  if (refused !== null) return void socket.end(writeRefusal(refused, NOWHERE));
  if (opened === null || !opening.isPermitted || socket.destroyed) return abandon(opening, socket);
  await serve(context, { socket, claims, database, name: known.id, server: opened }, packet);
}

const NOWHERE = { isInBlock: false, sql: null, fault: null, isFatal: true };

function abandon({ opened }: OpenSession, socket: TLSSocket): void {
  opened?.connection.destroy();
  socket.destroy();
}

interface Opened {
  readonly socket: TLSSocket;
  readonly claims: Extract<Claims, { ok: true }>;
  readonly database: GuardedDatabase;
  readonly name: string;
  readonly server: LoggedIn;
}

async function serve(context: ListenerContext, opened: Opened, { minor, parameters }: Startup): Promise<void> {
  const { point, log, sessions, cancelKeys } = context;
  const { socket, claims, database, name, server } = opened;
  const client = new ClientConnection(socket, () => point.settings().limits.argumentsBytes);
  const noPortal = `countersign ${Buffer.from(point.random(16)).toString("hex")}`;
  const parts = { point, log, claims, client, server, name, database };
  const session = new Session({ ...parts, login: async () => await loginOf(parts) }, noPortal);
  const { pid, key, drop } = cancelKeys.give(session, minor);
  sessions.add(session);
  try {
    const unknown = [...parameters.keys()].filter((given) => given.startsWith("_pq_."));
    if (minor > NEWEST_MINOR || minor === 1 || unknown.length > 0)
      client.write(writeNegotiation(minor === 1 ? NEWEST - NEWEST_MINOR : NEWEST, unknown));
    client.write(AUTHENTICATION_OK);
    for (const [parameter, value] of server.parameters) client.write(writeParameterStatus(parameter, value));
    client.write(writeBackendKey(pid, key));
    client.write(writeReady(server.status));
    await session.run();
  } finally {
    sessions.delete(session);
    drop();
  }
}

async function claimsOf({ point, bundle }: ListenerContext, socket: TLSSocket): Promise<Claims> {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined)
    return { ok: false, code: "credential.missing", reason: "the client showed no certificate of a task" };
  return await claimsOfSvid(point, certificate.raw, bundle());
}

/** A refusal that is recorded like any other. */
async function tellRefused(
  { point }: ListenerContext,
  socket: TLSSocket,
  { claims, database }: { readonly claims: Claims; readonly database: string },
): Promise<void> {
  const name = /^[a-z0-9][a-z0-9_-]{0,62}$/.test(database) ? database : "-";
  const call = {
    refused: { step: "upstream", code: "upstream.unknown", reason: `there is no guarded database \`${name}\` here` },
    action: `sql:${name}/read`,
    resource: `sql:${name}/`,
  } as const;
  const signal = new AbortController().signal;
  const nothing = { prepare: async () => await Promise.reject(new Error("nothing is carried out")) };
  await point.enforce({ claims, call, signal, waitMs: 0 }, nothing, {
    partial: () => undefined,
    answer: () => undefined,
    refusal: (refusal, detail) => {
      socket.end(writeRefusal({ refusal, detail }, NOWHERE));
    },
  });
}

/** Ends the sessions of a task that is over; resolves when they have ended. */
export async function endTask(sessions: ReadonlySet<Session>, task: TaskId): Promise<void> {
  const own = [...sessions].filter(({ parts }) => parts.claims.chain.task === task);
  for (const session of own) session.taskOver();
  await Promise.all(own.map(async (session) => await session.ended()));
}

function refuse(socket: TLSSocket, sqlState: string, message: string): void {
  socket.end(writeError({ severity: "FATAL", sqlState, message }));
}
