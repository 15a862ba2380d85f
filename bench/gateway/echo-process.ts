import { Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

/** The smallest honest upstream: a stdio server on the official SDK with one tool, which says back what it is told. */
const ECHO = {
  name: "echo",
  description: "Says back the text",
  inputSchema: { type: "object" as const, properties: { text: { type: "string" } }, required: ["text"] },
  annotations: { readOnlyHint: true },
};

serveStdio(() => {
  const server = new Server({ name: "echo", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({ tools: [ECHO] }));
  server.setRequestHandler("tools/call", ({ params }) => ({
    content: [{ type: "text", text: String(params.arguments?.["text"]) }],
  }));
  return server;
});
