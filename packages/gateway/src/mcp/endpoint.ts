import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError, type FaultCode, type JsonFault, parseJson, problemOf } from "@countersign/core";
import type { Authenticated } from "./authenticate.ts";
import { type ReadClientMessage, readClientMessage } from "./client-message.ts";
import { type GatewayContext, mayAsk } from "./gateway-context.ts";
import { isAddressedToUs } from "./host-check.ts";
import { RPC } from "./protocol.ts";
import { challengeHeaders, refusalProblem, unrecorded } from "./refusal-answer.ts";
import { readBody } from "./request-body.ts";
import { tellFault } from "./rpc-fault.ts";
import { salvage } from "./salvage.ts";
import { type Exchange, isAction, serveMessage } from "./serve-message.ts";
import type { Session } from "./sessions.ts";

export interface EndpointOptions {
  readonly hosts: ReadonlySet<string>;
  /** The address that clients were told, without a slash at its end. */
  readonly baseUrl: string;
}

const PATH = /^\/mcp\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;

export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers one HTTP request to `/mcp/<upstream>`. Never rejects. */
export async function serveHttp(context: GatewayContext, options: EndpointOptions, http: HttpExchange): Promise<void> {
  const { request, response } = http;
  try {
    const upstream = addressed(options, http);
    if (upstream === null) return;
    const method = request.method ?? "";
    const url = `${options.baseUrl}/mcp/${upstream}`;
    const { authorization, dpop } = request.headers;
    const authenticated = await context.authenticator.check({ authorization, proof: oneOf(dpop), method, url });
    // A client in good standing learns the next nonce before the last one ends (RFC 9449 section 8.2).
    if (authenticated.claims.ok) response.setHeader("dpop-nonce", context.authenticator.nonce());
    const exchange: Exchange = { context, upstream, request, response, claims: authenticated.claims };
    if (method === "DELETE") endSession(exchange, authenticated);
    else if (method === "GET") openStream(exchange, authenticated);
    else await post(exchange, authenticated);
  } catch (error) {
    context.log.error({ err: error }, "request failed");
    if (response.headersSent) response.destroy();
    else problem(response, "internal.error");
  }
}

/** The upstream that a request is for; null when the request was answered already: it is for nobody here. */
function addressed({ hosts }: EndpointOptions, { request, response }: HttpExchange): string | null {
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  const upstream = PATH.exec(path)?.[1];
  if (!isAddressedToUs(request.headers, hosts)) problem(response, "request.wrong_origin");
  else if (upstream === undefined) problem(response, "request.not_found", "MCP servers are at `/mcp/<server>`");
  else if (request.method === "POST" || request.method === "DELETE") return upstream;
  // Only sessions have a stream of their own.
  else if (request.method === "GET" && request.headers["mcp-session-id"] !== undefined) return upstream;
  else {
    response.setHeader("allow", "POST, DELETE");
    tellFault(response, { status: 405, code: RPC.server, message: "only POST and DELETE are served here", id: null });
  }
  return null;
}

async function post(exchange: Exchange, authenticated: Authenticated): Promise<void> {
  const { context, request, response, claims } = exchange;
  if (authenticated.useNonce) return unauthorized(exchange, authenticated);
  if (!isJson(request.headers["content-type"])) {
    return tellFault(response, {
      status: 415,
      code: RPC.server,
      message: "the content type must be application/json",
      id: null,
    });
  }
  const { argumentsBytes, depth } = context.point.settings().limits;
  const sizeBytes = argumentsBytes + context.limits.requestSlackBytes;
  const read = await readBody(request, claims.ok ? sizeBytes + context.limits.requestOverreadBytes : sizeBytes);
  if (!read.ok) return read.why === "gone" ? undefined : tooLarge(exchange, authenticated);
  // The message and its params are the two levels above the arguments.
  const parsed = parseJson(read.bytes, { sizeBytes, depth: depth + 2 });
  if (!parsed.ok) return await broken(exchange, authenticated, { bytes: read.bytes, code: parsed.code });
  const message = readClientMessage(parsed.value, mirrorHeaders(request));
  if (!isCall(message) && !claims.ok) return unauthorized(exchange, authenticated);
  if (!message.ok) return tellFault(response, message.fault);
  await serveMessage(exchange, message.message, null);
}

/** A body that broke a rule of the input: recorded and refused if it was meant as a call, else only refused. */
async function broken(
  exchange: Exchange,
  authenticated: Authenticated,
  { bytes, code }: { readonly bytes: Buffer; readonly code: JsonFault },
): Promise<void> {
  const meant = salvage(bytes, code, exchange.upstream);
  if (meant !== null) return await serveMessage(exchange, meant.message, meant.fault);
  if (!authenticated.claims.ok) return unauthorized(exchange, authenticated);
  const status = code === "input.too_large" ? 413 : 400;
  tellFault(exchange.response, {
    status,
    code: RPC.parse,
    message: `the body is not strict JSON (${code})`,
    data: { code },
    id: null,
  });
}

function tooLarge(exchange: Exchange, authenticated: Authenticated): void {
  if (!authenticated.claims.ok) return unauthorized(exchange, authenticated);
  const { response } = exchange;
  response.setHeader("connection", "close");
  const code: JsonFault = "input.too_large";
  const message = `the body is larger than this gateway reads (${code})`;
  tellFault(response, { status: 413, code: RPC.parse, message, data: { code }, id: null });
}

function endSession(exchange: Exchange, authenticated: Authenticated): void {
  const session = sessionFor(exchange, authenticated);
  if (session === null) return;
  exchange.context.subscriptions.endSession(session.task, session.id);
  exchange.context.sessions.end(session.id);
  exchange.response.writeHead(204).end();
}

/**
 * The stream on which a client of 2025 hears what belongs to none of its requests; with `Last-Event-ID` the one that it lost, taken up
 * again. Nothing comes over it but for a live task that no stop covers.
 */
function openStream(exchange: Exchange, authenticated: Authenticated): void {
  const { context, request, response } = exchange;
  const session = sessionFor(exchange, authenticated);
  if (session === null) return;
  const refuse = (status: number, message: string): void =>
    tellFault(response, { status, code: RPC.server, message, id: null });
  if (request.headers.accept?.toLowerCase().includes("text/event-stream") !== true)
    return refuse(406, "the client must accept text/event-stream");
  if (!mayAsk(context, session.task, session.upstream)) return refuse(403, "a stop covers this task, or it has ended");
  const last = oneOf(request.headers["last-event-id"]);
  if (last === undefined || last === "") return session.streams.make(true).attach(response, null);
  const named = session.streams.named(last);
  if (named === null) return refuse(400, "there is no such event, or it is kept no longer; open the stream anew");
  named.channel.attach(response, named.after);
}

/** The session that a request is about; null when it was answered already: there is none for its sender. */
function sessionFor(exchange: Exchange, authenticated: Authenticated): Session | null {
  const { context, upstream, request, response, claims } = exchange;
  const id = oneOf(request.headers["mcp-session-id"]);
  const task = claims.ok ? claims.chain.task : null;
  const session = id === undefined || task === null ? null : context.sessions.find(id, task, upstream);
  if (session !== null) return session;
  if (!claims.ok) unauthorized(exchange, authenticated);
  else tellFault(response, { status: 404, code: RPC.sessionUnknown, message: "session not found", id: null });
  return null;
}

function unauthorized({ context, response }: Exchange, { claims, useNonce }: Authenticated): void {
  if (claims.ok) return;
  const { code, reason } = claims;
  const document = refusalProblem(unrecorded({ step: "credential", code, reason }));
  const body = JSON.stringify(document);
  const headers = challengeHeaders(context.authenticator.nonce(), code, useNonce);
  response.writeHead(401, { "content-type": "application/problem+json", ...headers }).end(body);
}

/** An action without a credential is recorded like any other. */
function isCall(read: ReadClientMessage): boolean {
  return read.ok && read.message.kind === "request" && isAction(read.message);
}

function mirrorHeaders({ headers }: IncomingMessage): Parameters<typeof readClientMessage>[1] {
  return {
    version: oneOf(headers["mcp-protocol-version"]),
    method: oneOf(headers["mcp-method"]),
    name: oneOf(headers["mcp-name"]),
  };
}

function isJson(type: string | undefined): boolean {
  return type?.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}

function problem(response: ServerResponse, code: FaultCode, detail?: string): void {
  const document = problemOf(new AppError(code, detail === undefined ? {} : { detail }));
  response.writeHead(document.status, { "content-type": "application/problem+json" }).end(JSON.stringify(document));
}
