import { constants } from "node:crypto";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { type Server as TlsServer, createServer as createTlsServer } from "node:tls";
import { AppError, type UpstreamRecord, isUpstreamOf } from "@countersign/core";
import { parseBundle } from "@countersign/credentials";
import type { GatewayLog, GatewayPoint } from "../../mcp/index.ts";
import { CancelKeys } from "./cancel-keys.ts";
import { takeFirstBytes } from "./first-bytes.ts";
import type { GuardedDatabase } from "../guarded-database.ts";
import { type ListenerContext, endTask, serveClient } from "./serve-client.ts";

export interface PostgresGatewayOptions {
  readonly point: GatewayPoint;
  readonly listen: { readonly host: string; readonly port: number };
  /** What is shown to clients, PEM; asked for at each connection. */
  readonly credential: () => { readonly cert: string; readonly key: string };
  /** PEM of the authorities that certify tasks. */
  readonly trustBundle: string;
  /** Opens what stands behind an upstream. @throws AppError */
  readonly openDatabase: (record: UpstreamRecord<"postgres">) => Promise<GuardedDatabase>;
  readonly log: GatewayLog;
}
export interface PostgresGateway {
  /** `host:port` */
  readonly address: string;
  /** Stops listening, rolls back what is open and ends every session. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 1000;

/**
 * Starts the enforcement point for PostgreSQL (ADR 0009): TLS 1.3 with the certificate of a task, and nothing else.
 * @throws AppError `listen.in_use`
 */
export async function startPostgresGateway(options: PostgresGatewayOptions): Promise<PostgresGateway> {
  const parsed = parseBundle(options.trustBundle);
  if (!parsed.ok) throw new AppError(parsed.code);
  const databases = new Databases(options);
  const { point, log } = options;
  const context: ListenerContext = {
    point,
    log,
    bundle: () => parsed.bundle,
    cancelKeys: new CancelKeys(point.random),
    sessions: new Set(),
    database: async (record) => await databases.of(record),
  };
  follow(context, databases);
  const { server, sockets } = listener(options, context);
  const port = await listening(server, options.listen);
  const { host } = options.listen;
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${String(port)}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const open = [...context.sessions];
      for (const session of open) session.close();
      await Promise.all(open.map(async (session) => await session.ended()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await databases.close();
    },
  };
}

/** Sessions end with what they stand on. */
function follow({ point, sessions, log }: ListenerContext, databases: Databases): void {
  point.onTaskEnd((task) => {
    // The login is ended behind its sessions: what they roll back is confirmed to them.
    endTask(sessions, task).then(
      () => databases.endTask(task),
      (error: unknown) => log.error({ err: error, task }, "the sessions of a task did not end"),
    );
  });
  point.replica.onChange((record) => {
    for (const session of sessions) session.noticed(record);
  });
  point.onLease((valid) => {
    if (!valid) for (const session of sessions) session.leaseLost();
  });
  point.onUpstreamChange((upstream) => {
    for (const session of sessions) if (session.parts.name === upstream) session.close();
    databases.changed(upstream);
    sweepOf(point, databases, upstream);
  });
  for (const { id } of point.replica.all("upstream")) sweepOf(point, databases, id);
}

/** What a former process left at a database is ended as soon as this one knows of it, not when somebody first comes. */
function sweepOf({ replica }: GatewayPoint, databases: Databases, upstream: string): void {
  const record = replica.get("upstream", upstream);
  if (record?.state.status !== "active" || !isUpstreamOf("postgres", record)) return;
  databases.begin(record);
}

/** The databases that were asked for. */
class Databases {
  readonly #open: PostgresGatewayOptions["openDatabase"];
  readonly #log: PostgresGatewayOptions["log"];
  readonly #known = new Map<string, Promise<GuardedDatabase>>();

  constructor({ openDatabase, log }: Pick<PostgresGatewayOptions, "openDatabase" | "log">) {
    this.#open = openDatabase;
    this.#log = log;
  }

  async of(record: UpstreamRecord<"postgres">): Promise<GuardedDatabase> {
    let opening = this.#known.get(record.id);
    if (opening === undefined) {
      opening = this.#open(record);
      this.#known.set(record.id, opening);
      opening.catch(() => this.#known.delete(record.id));
    }
    return await opening;
  }

  /** Opens it before anybody asks. Whoever does is refused for the same reason, if it still holds. */
  begin(record: UpstreamRecord<"postgres">): void {
    const upstream = record.id;
    this.of(record).catch((error: unknown) => this.#log.error({ err: error, upstream }, "a database was not reached"));
  }

  changed(upstream: string): void {
    const known = this.#known.get(upstream);
    this.#known.delete(upstream);
    known
      ?.then(async (database) => await database.close())
      .catch((error: unknown) => this.#log.error({ err: error, upstream }, "a database was not left in order"));
  }

  /** What is left of a login is swept later; that it is left is said. */
  endTask(task: Parameters<GuardedDatabase["roles"]["end"]>[0]): void {
    for (const [upstream, known] of this.#known)
      known
        .then(async ({ roles }) => await roles.end(task))
        .then(({ confirmed, reason }) => {
          if (!confirmed) this.#log.warn({ task, upstream, reason }, "the login of a task is not known to be ended");
        })
        .catch((error: unknown) =>
          this.#log.error({ err: error, task, upstream }, "the login of a task was not ended"),
        );
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#known.values()].map(async (known) => await (await known).close()));
  }
}

function listener(
  options: PostgresGatewayOptions,
  context: ListenerContext,
): { readonly server: Server; readonly sockets: ReadonlySet<Socket> } {
  const tls = tlsServer(options);
  tls.on("secureConnection", (socket) => void serveClient(context, socket));
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  let shown = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    takeFirstBytes(socket, {
      cancel: ({ pid, key }) => context.cancelKeys.use(pid, key),
      secure: () => {
        const credential = options.credential();
        if (credential.cert !== shown) tls.setSecureContext({ ...credential, ...tlsOptions(options) });
        shown = credential.cert;
        tls.emit("connection", socket);
      },
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  return { server, sockets };
}

function tlsServer(options: PostgresGatewayOptions): TlsServer {
  return createTlsServer({
    ...tlsOptions(options),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: 10_000,
  });
}

function tlsOptions({ trustBundle }: PostgresGatewayOptions): object {
  return {
    ca: trustBundle,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["postgresql"],
    // A certificate is shown at every connection: none is taken up again without it.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

async function listening(server: Server, { host, port }: PostgresGatewayOptions["listen"]): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const detail = `\`${host}:${String(port)}\` cannot be listened on (${error.code ?? "unknown"}); choose another address`;
      reject(new AppError(taken ? "listen.in_use" : "internal.error", { cause: error, detail }));
    });
    server.listen({ host, port }, resolve);
  });
  return (server.address() as AddressInfo).port;
}
