import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** An MCP server of the 2025 era that does what a file says: `ok`, `gone` (ends at once), `silent` or `garbage` (for calls). */
const [moodFile = ""] = process.argv.slice(2);
const mood = (): string => readFileSync(moodFile, "utf8");
const out = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const tool = (name: string, readOnlyHint: boolean): object => ({
  name,
  description: name,
  inputSchema: { type: "object" },
  annotations: { readOnlyHint },
});
const ANSWERS: Record<string, object> = {
  initialize: {
    protocolVersion: "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "moody", version: "1" },
  },
  "tools/list": { tools: [tool("look", true), tool("change", false)] },
  "tools/call": { content: [{ type: "text", text: "done" }] },
};

if (mood() === "gone") process.exit(1);
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method = "" } = JSON.parse(line) as { id?: number; method?: string };
  const now = mood();
  if (now === "gone") process.exit(1);
  if (id === undefined) return;
  if (method === "tools/call" && now === "silent") return;
  if (method === "tools/call" && now === "garbage") return void process.stdout.write("{not json\n");
  const result = ANSWERS[method];
  out({ jsonrpc: "2.0", id, ...(result === undefined ? { error: { code: -32601, message: "unknown" } } : { result }) });
});
