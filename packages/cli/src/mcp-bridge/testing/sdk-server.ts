import { randomUUID } from "node:crypto";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { NodeStreamableHTTPServerTransport, toNodeHandler } from "@modelcontextprotocol/node";
import { Server, createMcpHandler } from "@modelcontextprotocol/server";

export interface SdkServer {
  readonly url: string;
  readonly seen: string[];
  readonly requests: Readonly<Record<string, unknown>>[];
  /** Forgets all sessions, as a server does that was started anew. */
  restart(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

const OBJECT = { type: "object" } as const;
const REGION = { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } } as const;

/** The official SDK's server of both eras over HTTP: what the bridge's client must not be able to tell from a server on a pipe. */
export async function sdkServer(): Promise<SdkServer> {
  const seen: string[] = [];
  const requests: Readonly<Record<string, unknown>>[] = [];
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const modern = toNodeHandler(createMcpHandler(() => make(seen), { legacy: "reject" }));
  const http = createServer((request, response) => {
    requests.push(request.headers);
    if (request.headers["mcp-name"] === "region" && request.headers["mcp-param-region"] === undefined) {
      const error = { code: -32020, message: "the header Mcp-Param-Region is missing" };
      response
        .writeHead(400, { "content-type": "application/json" })
        .end(JSON.stringify({ jsonrpc: "2.0", id: 5, error }));
      return;
    }
    const served =
      request.headers["mcp-protocol-version"] === "2026-07-28"
        ? modern(request as never, response)
        : legacy(sessions, seen, [request, response]);
    served.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((http.address() as AddressInfo).port)}/mcp`,
    seen,
    requests,
    restart: () => sessions.clear(),
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

async function legacy(
  sessions: Map<string, NodeStreamableHTTPServerTransport>,
  seen: string[],
  [request, response]: readonly [IncomingMessage, ServerResponse],
): Promise<void> {
  const id = request.headers["mcp-session-id"];
  let transport = typeof id === "string" ? sessions.get(id) : undefined;
  if (transport === undefined && typeof id === "string") {
    const error = { code: -32001, message: "Session not found" };
    response
      .writeHead(404, { "content-type": "application/json" })
      .end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
    return;
  }
  if (transport === undefined) {
    const begins = await bodyOf(request);
    const named = begins.method === "initialize";
    const made = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: named ? randomUUID : undefined,
      onsessioninitialized: (session) => void sessions.set(session, made),
    });
    transport = made;
    await make(seen).connect(transport);
    return await transport.handleRequest(request, response, begins);
  }
  await transport.handleRequest(request, response);
}

async function bodyOf(request: IncomingMessage): Promise<{ method?: string }> {
  let text = "";
  for await (const part of request) text += String(part);
  return JSON.parse(text) as { method?: string };
}

function make(seen: string[]): Server {
  const server = new Server({ name: "behind", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({
    tools: [
      { name: "echo", inputSchema: OBJECT },
      { name: "steps", inputSchema: OBJECT },
      { name: "hang", inputSchema: OBJECT },
      { name: "big", inputSchema: OBJECT },
      { name: "region", inputSchema: REGION },
    ],
  }));
  server.setRequestHandler("tools/call", async ({ params }, ctx) => {
    seen.push(params.name);
    const args = (params.arguments ?? {}) as Record<string, unknown>;
    const token = ctx.mcpReq._meta?.progressToken;
    const report = async (progress: number): Promise<void> => {
      if (token !== undefined)
        await ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken: token, progress } });
    };
    if (params.name === "steps") for (const step of [1, 2, 3]) await report(step);
    if (params.name === "hang") {
      await report(1);
      await new Promise<void>((resolve) => ctx.mcpReq.signal.addEventListener("abort", () => resolve()));
      seen.push("hang ended");
    }
    const text = params.name === "big" ? "x".repeat(Number(args["bytes"])) : JSON.stringify(args);
    return { content: [{ type: "text", text }] };
  });
  return server;
}
