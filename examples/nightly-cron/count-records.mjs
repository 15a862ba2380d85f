// An agent without a person: starts the MCP server that its arguments name, reads one file through it, says how many records it holds.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "nightly", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const file = process.env.RECORDS ?? "/srv/records/executives.json";
const result = await client.callTool({ name: "read_text_file", arguments: { path: file } });
await client.close();
const [content] = result.content;
if (result.isError) {
  console.error(content.text);
  process.exitCode = 1;
} else {
  console.log(`${JSON.parse(content.text).length} records`);
}
