import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Arrived, Call } from "../check/history.ts";
import { Sightings, appendLine } from "../sightings.ts";

/**
 * An MCP server that writes down every call that reaches it, byte by byte as far as time goes: `node main.ts LOG`. It answers as late as the
 * call says. Prints its address as the first line.
 */
const [, , log = ""] = process.argv;
const sightings = new Sightings();

const TOOLS = [
  { name: "look", description: "Reads a note", annotations: { readOnlyHint: true } },
  { name: "note", description: "Writes a note", annotations: { readOnlyHint: false, destructiveHint: false } },
].map((tool) => ({ ...tool, inputSchema: { type: "object" } }));

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: Record<string, unknown> };
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let last = sightings.now();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // Taken from the socket as soon as it is there: what waited in a stream would be seen too late.
  request.on("data", (chunk: Buffer) => {
    last = sightings.now();
    chunks.push(chunk);
  });
  request.on("close", () => resolve(request.complete));
  request.on("end", () => resolve(true));
  const whole = await promise;
  const text = Buffer.concat(chunks).toString("utf8");
  // Also of what was cut off it is known whose it was, once its arguments have begun.
  const by = /"by":(\{[^{}]*\})/.exec(text)?.[1];
  if (by !== undefined) appendLine(log, { ...(JSON.parse(by) as Call), ...last, whole } satisfies Arrived);
  if (!whole) throw new Error("the call was cut off");
  return text;
}

async function resultOf({ method, params }: Message): Promise<object | null> {
  if (method === "initialize") {
    const capabilities = { tools: {} };
    const serverInfo = { name: "notes", version: "1" };
    return { protocolVersion: params?.protocolVersion ?? "2025-11-25", capabilities, serverInfo };
  }
  if (method === "tools/list") return { tools: TOOLS };
  if (method === "ping") return {};
  if (method !== "tools/call") return null;
  const { delayMs, size } = params?.arguments ?? {};
  await delay(Number(delayMs ?? 0));
  return { content: [{ type: "text", text: "x".repeat(Number(size ?? 1)) }] };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") return void response.writeHead(405).end();
  const message = JSON.parse(await body(request)) as Message;
  if (message.id === undefined) return void response.writeHead(202).end();
  const result = await resultOf(message);
  const answer = result === null ? { error: { code: -32601, message: "no such method" } } : { result };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer }));
}

const server = createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${String(port)}/mcp\n`);
});
