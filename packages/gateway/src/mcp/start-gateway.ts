import { type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { AppError, type McpTerms, problemOf } from "@countersign/core";
import { Changes, LISTENED } from "./changes.ts";
import { OpenQuestions } from "./conversation.ts";
import { KnownDefinitions } from "./known-definitions.ts";
import { Authenticator } from "./authenticate.ts";
import { type EndpointOptions, type HttpExchange, serveHttp } from "./endpoint.ts";
import { type GatewayContext, type GatewayPoint, activeUpstream, mayAsk } from "./gateway-context.ts";
import type { GatewayLog } from "./gateway-log.ts";
import { allowedHosts } from "./host-check.ts";
import { InFlight } from "./in-flight.ts";
import { DEFAULT_LIMITS, type McpLimits } from "./limits.ts";
import { ParkedActions } from "./parked-actions.ts";
import { type Probes, serveProbe } from "./probes.ts";
import { Sessions } from "./sessions.ts";
import { Subscriptions } from "./subscriptions.ts";
import { UnreadAnswers } from "./unread-answers.ts";
import { type ConnectionUser, Connections } from "./upstream/connections.ts";
import { type InspectedUpstream, inspectUpstream } from "./upstream/inspect-upstream.ts";

export interface McpGatewayOptions {
  readonly point: GatewayPoint;
  readonly listen: { readonly host: string; readonly port: number };
  /** The address that clients were told, when it is not the one that is listened on; without a path. */
  readonly publicUrl: string | null;
  /** Where secrets named `fromEnv` are found; of the rest children see only PATH, HOME and LANG. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: GatewayLog;
  readonly limits?: Partial<McpLimits>;
  /** Answers those who watch over a gateway of its own process. */
  readonly probes?: Probes;
  /** Serves `/hooks/…` at the same address, with an enforcement point of its own. */
  readonly hooks?: {
    readonly point: GatewayPoint;
    readonly serve: (context: GatewayContext, endpoint: EndpointOptions) => (http: HttpExchange) => Promise<void>;
  };
}

export interface McpGateway {
  /** Without a slash at its end; servers are at `/mcp/<server>` below it. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, gives up what is under way and ends every upstream. */
  close(): Promise<void>;
  inspectUpstream(name: string, terms: McpTerms): Promise<InspectedUpstream>;
}

/** Longest head of a request: a token of 16 KiB, a proof and the rest. */
const HEAD_BYTES = 32 * 1024;
const HEAD_MS = 10_000;

/**
 * Starts the MCP enforcement point.
 * @throws AppError `listen.in_use` when the address is taken.
 */
export async function startMcpGateway(options: McpGatewayOptions): Promise<McpGateway> {
  const { environment, log, point } = options;
  const context = contextOf(options, point);
  const { server, sockets } = makeServer(context.limits);
  const port = await listening(server, options.listen);
  const { host } = options.listen;
  const url = options.publicUrl ?? `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
  const endpoint = { hosts: allowedHosts({ host, port }, options.publicUrl), baseUrl: url };
  const mcp = async (http: HttpExchange): Promise<void> => await serveHttp(context, endpoint, http);
  const hooks = options.hooks?.serve(contextOf(options, options.hooks.point), endpoint) ?? mcp;
  server.on("request", (request, response) => {
    // A client that is gone shows as the end of its response; there is nobody to tell.
    response.on("error", () => undefined);
    if (options.probes !== undefined && serveProbe(options.probes, { request, response })) return;
    // INV-2: a point that listens before it was told anything denies.
    if (options.probes !== undefined && point.replica.get("settings", "settings") === undefined)
      return refuseAll(response);
    const serve = request.url?.startsWith("/hooks/") === true ? hooks : mcp;
    serve({ request, response }).catch((error: unknown) => {
      log.error({ err: error }, "request failed");
      response.destroy();
    });
  });
  return {
    url,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, context.connections.close()]);
    },
    inspectUpstream: async (name, terms) => {
      const inspected = await inspectUpstream(name, terms, {
        environment,
        stored: storedAt(point),
        limits: context.limits,
        log,
      });
      if (inspected.ok) context.definitions.note(inspected.tools);
      return inspected;
    },
  };
}

function refuseAll(response: ServerResponse): void {
  const problem = problemOf(
    new AppError("lease.lost", { detail: "this gateway has not joined its control plane yet" }),
  );
  response.writeHead(problem.status, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
}

/** What the gateway holds ends with what it was held for. */
function follow(context: GatewayContext): void {
  const { point } = context;
  point.onTaskEnd((task) => {
    context.inFlight.endTask(task);
    context.subscriptions.endTask(task);
    context.parked.endTask(task);
    context.sessions.endTask(task);
    context.connections.closeTask(task);
  });
  point.replica.onChange((record) => context.unread.noticed(record));
  point.onLease((valid) => {
    if (!valid) context.unread.stopAll();
  });
  point.onUpstreamChange((upstream) => {
    context.connections.upstreamChanged(upstream, activeUpstream(context, upstream)?.terms ?? null);
  });
}

function storedAt(point: GatewayPoint): (name: string) => Promise<string | null> {
  return async (name) => await point.secret(name);
}

function contextOf({ environment, log, limits }: McpGatewayOptions, point: GatewayPoint): GatewayContext {
  const bounds: McpLimits = { ...DEFAULT_LIMITS, ...limits };
  const changes = new Changes();
  const context: GatewayContext = {
    point,
    limits: bounds,
    log,
    authenticator: new Authenticator(point, point.random),
    sessions: new Sessions(bounds, point.random),
    inFlight: new InFlight(bounds.callsPerTask),
    questions: new OpenQuestions(),
    parked: new ParkedActions(bounds, point.random, () => point.now()),
    changes,
    subscriptions: new Subscriptions(bounds.subscriptionsPerTask),
    connections: new Connections({
      environment,
      stored: storedAt(point),
      limits: bounds,
      log,
      onChange: (user, method, uri) => noticed(context, user, { method, uri }),
    }),
    definitions: new KnownDefinitions(),
    unread: new UnreadAnswers(),
  };
  follow(context);
  return context;
}

interface Change {
  readonly method: string;
  readonly uri: string | null;
}

/** An upstream said that something changed: whoever subscribed hears it, and of lists each client of 2025 with a stream. */
function noticed(context: GatewayContext, user: ConnectionUser, { method, uri }: Change): void {
  const { task, upstream, offer } = user;
  if (!mayAsk(context, task, upstream)) return;
  context.changes.tell(user, method, uri);
  if (LISTENED[method] === undefined) return;
  const text = Buffer.from(JSON.stringify({ jsonrpc: "2.0", method }), "utf8");
  for (const session of context.sessions.of(task))
    if (session.upstream === upstream && session.offer.key === offer.key) session.streams.standing?.event([text]);
}

function makeServer({ requestMs }: McpLimits): { readonly server: Server; readonly sockets: ReadonlySet<Socket> } {
  const server = createServer({
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: Math.min(HEAD_MS, requestMs),
    requestTimeout: requestMs,
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: Math.min(2000, requestMs),
    requireHostHeader: true,
  });
  server.maxConnections = 10_000;
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return { server, sockets };
}

async function listening(server: Server, { host, port }: McpGatewayOptions["listen"]): Promise<number> {
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
