// An agent without a person: starts the MCP server that its arguments name, reads one file through it, says how many lines it has.
// It needs nothing but Node 20: an MCP client is a few lines of JSON over a pipe (protocol 2025-11-25).
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [command, ...args] = process.argv.slice(2);
const file = process.env.RECORDS ?? "";
if (command === undefined || file === "") throw new Error("usage: RECORDS=FILE count-records.mjs COMMAND ARG…");
const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
server.on("error", (error) => {
  console.error(`${command} cannot be started: ${error.message}`);
  process.exitCode = 1;
});
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();

function tell(message) {
  server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

async function ask(id, method, params) {
  tell({ id, method, params });
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error("the server ended");
    const message = JSON.parse(value);
    if (message.id === id) return message.result ?? { isError: true, content: [{ text: message.error.message }] };
  }
}

await ask(0, "initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "nightly", version: "1.0.0" },
});
tell({ method: "notifications/initialized" });
const { isError, content } = await ask(1, "tools/call", { name: "read_text_file", arguments: { path: file } });
server.stdin.end();
if (isError) {
  console.error(content[0].text);
  process.exitCode = 1;
} else {
  console.log(`${content[0].text.split("\n").filter((line) => line !== "").length} records`);
}
