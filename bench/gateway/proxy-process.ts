import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { Server, createMcpHandler } from "@modelcontextprotocol/server";

/** A bare proxy on the official SDK: HTTP in, one stdio upstream (the arguments) out, nothing in between. Prints its address. */
const [, , command = "", ...args] = process.argv;
const upstream = new Client({ name: "proxy", version: "1" });
await upstream.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));

const handler = createMcpHandler(() => {
  const server = new Server({ name: "proxy", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", async ({ params }) => await upstream.listTools(params));
  server.setRequestHandler("tools/call", async ({ params }) => {
    const { name, arguments: given } = params;
    return await upstream.callTool({ name, ...(given === undefined ? {} : { arguments: given }) });
  });
  return server;
});
const serve = toNodeHandler(handler);
const http = createServer((request, response) => {
  serve(request as Parameters<typeof serve>[0], response).catch(() => response.destroy());
});
http.listen(0, "127.0.0.1", () => {
  const { port } = http.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${String(port)}/mcp` })}\n`);
});
process.on("SIGTERM", () => {
  const end = (): never => process.exit(0);
  upstream.close().then(end, end);
});
