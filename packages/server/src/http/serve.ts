import { chmod, unlink } from "node:fs/promises";
import { type IncomingMessage, type RequestListener, type Server, type ServerResponse, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { AppError, codeRow, problemOf } from "@countersign/core";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { POINT_PREAMBLE } from "@countersign/enforce";
import { type Kernel, settingsOf } from "../kernel.ts";
import { renderProblem, securityHeaders } from "../pages/index.ts";
import type { Authenticator } from "./authenticate.ts";
import { standInFront } from "./front.ts";
import type { Caller, QueryText, Route } from "./route.ts";

const BODY_BYTES = 2 * 1_048_576;
/** Requests that came over the control socket. */
const local = new WeakSet<IncomingMessage>();

export interface Served {
  readonly routes: readonly Route[];
  /** A proxy in front ends TLS. Nothing that it says of a request is believed: origin and address are those of `publicUrl`. */
  readonly behindProxy: boolean;
}

/** Builds the API: each row of the table becomes a route; the caller is checked against the row before its handler runs. */
export function buildApp(
  kernel: Kernel,
  authenticator: Authenticator,
  { routes, behindProxy }: Served,
): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_BYTES, requestTimeout: 30_000, connectionTimeout: 60_000, logger: false });
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, (body as string) === "" ? undefined : JSON.parse(body as string));
    } catch {
      done(new AppError("request.invalid", { detail: "the body is not valid JSON" }), undefined);
    }
  });
  app.addHook("onRequest", async (request, reply) => {
    if (!local.has(request.raw)) await guardHost(kernel, { request, reply }, behindProxy);
  });
  app.setErrorHandler((error, request, reply) => sendError(kernel, authenticator, { error, request, reply }));
  app.setNotFoundHandler((request, reply) =>
    sendError(kernel, authenticator, {
      error: new AppError("request.not_found", { detail: "there is nothing at this address" }),
      request,
      reply,
    }),
  );
  for (const row of routes) {
    app.route({
      method: row.method,
      url: row.url,
      handler: async (request, reply) => await answer(authenticator, row, { request, reply }),
    });
  }
  return app;
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function answer(authenticator: Authenticator, row: Route, { request, reply }: Exchange): Promise<void> {
  const caller = await authenticator.caller({
    local: local.has(request.raw),
    method: request.method,
    url: request.url,
    headers: request.headers,
  });
  assertAllowed(row, caller);
  const response = await row.handle({
    caller,
    path: request.url,
    params: request.params as Record<string, string>,
    query: (row.query === undefined ? request.query : parsed(row.query, request.query)) as QueryText,
    body: row.body === undefined ? undefined : parsed(row.body, request.body ?? {}),
    headers: request.headers,
  });
  reply
    .code(response.status ?? 200)
    .headers({ ...securityHeaders(), "cache-control": "no-store", ...response.headers });
  if (request.headers["authorization"] !== undefined) reply.header("dpop-nonce", authenticator.nonce());
  if (response.type !== undefined) return await reply.type(response.type).send(response.body);
  return await reply.type("application/json").send(response.body === undefined ? "" : JSON.stringify(response.body));
}

function parsed(schema: NonNullable<Route["body"]>, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError("request.invalid", {
    detail: `\`${issue?.path.join(".") ?? ""}\`: ${issue?.message ?? "not valid"}`,
  });
}

/** The one place where a caller is allowed or not. */
function assertAllowed({ callers, roles }: Route, caller: Caller): void {
  const kind = caller.kind === "human" ? caller.via : caller.kind;
  if (!callers.includes("anyone") && !callers.includes(kind)) {
    if (caller.kind === "anyone")
      throw new AppError("request.unauthenticated", { detail: "sign in, or run `countersign login`" });
    throw new AppError("request.forbidden", {
      detail:
        caller.kind === "local"
          ? "the control socket may not do that; use a signed-in session"
          : "this kind of session may not do that",
    });
  }
  if (
    roles !== undefined &&
    caller.kind === "human" &&
    !roles.some((role) => caller.human.terms.roles.includes(role))
  ) {
    throw new AppError("request.forbidden", { detail: `this needs the role ${roles.join(" or ")}` });
  }
}

interface Failed extends Exchange {
  readonly error: unknown;
}

async function sendError(
  kernel: Kernel,
  authenticator: Authenticator,
  { error, request, reply }: Failed,
): Promise<void> {
  const known = asAppError(kernel, error);
  const { status } = codeRow(known.code);
  reply.code(status).headers({ ...securityHeaders(), "cache-control": "no-store" });
  if (status === 401 && request.headers["authorization"] !== undefined) {
    reply.header("dpop-nonce", authenticator.nonce());
    reply.header(
      "www-authenticate",
      `DPoP error="${known.details["useNonce"] === true ? "use_dpop_nonce" : "invalid_token"}", algs="EdDSA ES256"`,
    );
  }
  if (
    request.method === "GET" &&
    !request.url.startsWith("/v1/") &&
    (request.headers["accept"] ?? "").includes("text/html")
  ) {
    const { title } = codeRow(known.code);
    await reply
      .type("text/html; charset=utf-8")
      .send(renderProblem({ status, title, detail: known.detail ?? title, remedy: null }));
    return;
  }
  await reply.type("application/problem+json").send(JSON.stringify(problemOf(known)));
}

function asAppError(kernel: Kernel, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status === 413) return new AppError("input.too_large", { detail: "the body is too large" });
  if (status >= 400 && status < 500)
    return new AppError("request.invalid", { detail: "the request does not have the required form" });
  kernel.log.error({ err: error }, "request failed");
  return new AppError("internal.error");
}

/**
 * Against DNS rebinding: only our own names are answered. A browser that came by IP address is sent to the name, unless a proxy asks:
 * it may have put the address of this machine in the name's place, and would be sent in a circle.
 */
async function guardHost(kernel: Kernel, { request, reply }: Exchange, behindProxy: boolean): Promise<void> {
  const { publicUrl } = await settingsOf(kernel);
  const url = new URL(publicUrl);
  const host = request.headers.host ?? "";
  if (host === url.host || (url.hostname === "localhost" && /^localhost(:\d+)?$/.test(host))) return;
  if (/^(127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host)) {
    const page = request.method === "GET" && (request.headers["accept"] ?? "").includes("text/html");
    if (page && !behindProxy) return await reply.redirect(new URL(request.url, publicUrl).href, 302);
    return;
  }
  throw new AppError("request.wrong_origin", { detail: `Countersign is reached at \`${publicUrl}\`; open it there` });
}

export interface Listening {
  /** Port of the API; the same on both loopback addresses. */
  readonly port: number;
  close(): Promise<void>;
}
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly socket: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Gets the connections of points on other machines, which begin with the preamble of the point link. */
  readonly link: (socket: Socket) => void;
}

const PREAMBLE = Buffer.from(POINT_PREAMBLE);

/** Listens on both loopback addresses (both or neither), and on the control socket, which only the owner of the folder reaches. */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<Listening> {
  await app.ready();
  const handler: RequestListener = (request, response) => app.routing(request, response);
  const servers: Server[] = [];
  const undecided: (() => void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of undecided) end();
    await closeAll(servers);
  };
  try {
    const first = webServer(options, handler);
    servers.push(first);
    undecided.push(standInFront(first, { preamble: PREAMBLE, take: options.link }));
    await listening(first, options.host, options.port);
    const { port } = first.address() as AddressInfo;
    if (options.host === "127.0.0.1") {
      const second = webServer(options, handler);
      servers.push(second);
      undecided.push(standInFront(second, { preamble: PREAMBLE, take: options.link }));
      await listening(second, "::1", port);
    }
    servers.push(await socketServer(app, options.socket));
    return { port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function webServer({ tls }: ListenOptions, handler: RequestListener): Server {
  const server = tls === null ? createServer(handler) : (createTlsServer(tls, handler) as unknown as Server);
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  return server;
}

async function socketServer(app: FastifyInstance, path: string): Promise<Server> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    local.add(request);
    app.routing(request, response);
  });
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  await chmod(path, 0o600);
  return server;
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRNOTAVAIL" && host === "::1") return resolve();
      const why =
        error.code === "EACCES"
          ? "needs a right that this user lacks; name a port above 1023 in `--url`"
          : "cannot be listened on; stop what uses it or set `listen.api`";
      reject(new AppError("listen.in_use", { cause: error, detail: `\`${host}:${String(port)}\` ${why}` }));
    });
    server.listen(port, host, resolve);
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }),
  );
}
