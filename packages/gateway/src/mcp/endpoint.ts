import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError, type FaultCode, type JsonFault, parseJson, problemOf } from "@countersign/core";
import type { Authenticated } from "./authenticate.ts";
import { type ReadClientMessage, readClientMessage } from "./client-message.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { isAddressedToUs } from "./host-check.ts";
import { RPC } from "./protocol.ts";
import { challengeHeaders, refusalProblem, unrecorded } from "./refusal-answer.ts";
import { readBody } from "./request-body.ts";
import { tellFault } from "./rpc-fault.ts";
import { salvage } from "./salvage.ts";
import { type Exchange, serveMessage } from "./serve-message.ts";

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
    const authenticated = context.authenticator.check({ authorization, proof: oneOf(dpop), method, url });
    // A client in good standing learns the next nonce before the last one ends (RFC 9449 section 8.2).
    if (authenticated.claims.ok) response.setHeader("dpop-nonce", context.authenticator.nonce());
    const exchange: Exchange = { context, upstream, request, response, claims: authenticated.claims };
    if (method === "DELETE") endSession(exchange, authenticated);
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

function endSession({ context, upstream, request, response, claims }: Exchange, authenticated: Authenticated): void {
  if (!claims.ok) return unauthorized({ context, upstream, request, response, claims }, authenticated);
  const id = oneOf(request.headers["mcp-session-id"]);
  const { task } = claims.chain;
  if (id === undefined || task === null || context.sessions.find(id, task, upstream) === null) {
    return tellFault(response, { status: 404, code: RPC.sessionUnknown, message: "session not found", id: null });
  }
  context.sessions.end(id);
  response.writeHead(204).end();
}

function unauthorized({ context, response }: Exchange, { claims, useNonce }: Authenticated): void {
  if (claims.ok) return;
  const { code, reason } = claims;
  const document = refusalProblem(unrecorded({ step: "credential", code, reason }));
  const body = JSON.stringify(document);
  const headers = challengeHeaders(context.authenticator.nonce(), code, useNonce);
  response.writeHead(401, { "content-type": "application/problem+json", ...headers }).end(body);
}

/** A call without a credential is recorded like any other. */
function isCall(read: ReadClientMessage): boolean {
  return read.ok && read.message.kind === "request" && read.message.method === "tools/call";
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
