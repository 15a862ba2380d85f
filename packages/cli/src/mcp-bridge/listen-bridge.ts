import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { AppError, type Random } from "@countersign/core";
import { sameText } from "@countersign/credentials";
import { httpFault } from "./http-fault.ts";
import { type RpcFault, errorText, readRpcMessage } from "./rpc-message.ts";
import { type BridgeMethod, type GatewayResponse, MESSAGE_BYTES, type Send } from "./send.ts";

export interface ListenBridgeOptions {
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
  readonly send: Send;
  readonly random: Random;
}
export interface ListenBridge {
  /** `http://localhost:PORT/mcp/<capability>`: whoever knows it may act for the task. */
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
/** Headers of the protocol that pass to the gateway as they came. */
const PASSED =
  /^(?:accept|content-type|last-event-id|mcp-protocol-version|mcp-method|mcp-name|mcp-session-id|mcp-param-[a-z0-9._~!#$%&'*+^`|-]+)$/;
const METHODS: readonly string[] = ["POST", "GET", "DELETE"] satisfies BridgeMethod[];
/** Headers of its answer that pass back. */
const RETURNED = ["content-type", "cache-control", "mcp-session-id", "allow"];

/**
 * An MCP server on loopback for clients that speak HTTP but cannot prove a key: what comes to the one secret path goes to the gateway
 * with the credential of the task. Both eras pass as they are.
 * @throws AppError `listen.unsafe` for an address beyond loopback, `listen.in_use` when it is taken.
 */
export async function startListenBridge({ host, port, send, random }: ListenBridgeOptions): Promise<ListenBridge> {
  if (!LOOPBACK.includes(host))
    throw new AppError("listen.unsafe", { detail: `\`${host}\` is not a loopback address; use 127.0.0.1` });
  const capability = Buffer.from(random(16)).toString("base64url");
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 2000 });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const bound = await listening(server, host, port);
  const gate = {
    capability,
    hosts: LOOPBACK.map((name) => `${name.includes(":") ? `[${name}]` : name}:${String(bound)}`),
  };
  server.on("request", (request, response) => {
    serve(gate, send, { request, response }).catch(() => response.destroy());
  });
  return {
    url: `http://localhost:${String(bound)}/mcp/${capability}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new AppError("listen.in_use", {
          cause,
          detail: `\`${host}:${String(port)}\` cannot be listened on; choose another port`,
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

interface Gate {
  readonly capability: string;
  readonly hosts: readonly string[];
}
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function serve(gate: Gate, send: Send, { request, response }: Exchange): Promise<void> {
  const refused = refusal(gate, request);
  if (refused !== null) {
    response.writeHead(refused, { allow: METHODS.join(", ") }).end();
    return;
  }
  const body = await bodyOf(request);
  if (body === null) {
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const method = request.method as BridgeMethod;
  const id = readRpcMessage(body)?.id ?? null;
  const tell = (fault: RpcFault): void => {
    response.writeHead(method === "POST" ? 200 : 502, { "content-type": "application/json" }).end(errorText(id, fault));
  };
  let answer: GatewayResponse;
  try {
    answer = await send({ method, body, headers: passed(request) }, gone.signal);
  } catch {
    const message = "the gateway cannot be reached; is `countersign up` running?";
    return tell({ code: -32000, message });
  }
  // A 401 would send the client off to look for a login; what failed is the credential of the task, which it knows nothing of.
  if (isProblem(answer)) return tell(await httpFault(answer));
  response.writeHead(answer.status, returned(answer)).flushHeaders();
  await pipeline(answer.body ?? [], response);
}

function isProblem({ headers }: GatewayResponse): boolean {
  return headers.get("content-type")?.startsWith("application/problem+json") === true;
}

/** DNS rebinding: the request must name this machine, and a page that sends it must come from it. */
function refusal(gate: Gate, { headers, url, method }: IncomingMessage): number | null {
  if (!gate.hosts.includes((headers.host ?? "").toLowerCase())) return 403;
  const { origin } = headers;
  if (origin !== undefined && !(URL.canParse(origin) && gate.hosts.includes(new URL(origin).host))) return 403;
  const given = /^\/mcp\/([A-Za-z0-9_-]{22})$/.exec(url ?? "")?.[1];
  if (given === undefined || !sameText(given, gate.capability)) return 404;
  return METHODS.includes(method ?? "") ? null : 405;
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MESSAGE_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts, size).toString("utf8");
}

function passed({ headers }: IncomingMessage): Record<string, string> {
  const named = Object.entries(headers).filter(([name]) => PASSED.test(name));
  return Object.fromEntries(
    named.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}

function returned({ headers }: GatewayResponse): Record<string, string> {
  return Object.fromEntries(
    RETURNED.flatMap((name) => (headers.get(name) === null ? [] : [[name, headers.get(name) ?? ""]])),
  );
}
