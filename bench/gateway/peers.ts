import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { ReadyChild } from "../child.ts";
import { startChild } from "../child.ts";

type Fetch = typeof globalThis.fetch;
type Arguments = Readonly<Record<string, unknown>>;

/** One way from the official client to an upstream. */
export interface Path {
  readonly name: string;
  /** The process between client and upstream, whose CPU time is told; null on the direct way. */
  readonly pid: number | null;
  readonly call: () => Promise<void>;
  close(): Promise<void>;
}
export interface Tool {
  readonly name: string;
  readonly arguments: Arguments;
}

export const ECHO_COMMAND: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("echo-process.ts", import.meta.url)),
];
const PROXY = fileURLToPath(new URL("proxy-process.ts", import.meta.url));

/** Client → upstream. */
export async function directPath(name: string, command: readonly string[], tool: Tool): Promise<Path> {
  return await stdioPath(name, { command }, tool);
}

/** Client → a program that is an MCP server on its standard streams. */
export async function stdioPath(
  name: string,
  program: { readonly command: readonly string[]; readonly cwd?: string; readonly env?: Record<string, string> },
  tool: Tool,
): Promise<Path> {
  const { command, ...rest } = program;
  const [executable = "", ...args] = command;
  const transport = new StdioClientTransport({ command: executable, args, ...rest, stderr: "ignore" });
  const client = newClient();
  await client.connect(transport);
  return pathOf({ name, client, tool, pid: transport.pid });
}

/** Client → bare SDK proxy in a process of its own → upstream. */
export async function proxyPath(name: string, command: readonly string[], tool: Tool): Promise<Path> {
  const proxy: ReadyChild<{ url: string }> = await startChild([process.execPath, PROXY, ...command]);
  const client = newClient();
  await client.connect(new StreamableHTTPClientTransport(new URL(proxy.ready.url)));
  const path = pathOf({ name, client, tool, pid: proxy.pid });
  return {
    ...path,
    close: async () => {
      await path.close();
      await proxy.end();
    },
  };
}

/** Client → gateway → upstream; `fetch` signs each request. */
export async function governedPath(
  name: string,
  { url, fetch, pid }: { readonly url: string; readonly fetch: Fetch; readonly pid: number },
  tool: Tool,
): Promise<Path> {
  const client = newClient();
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
  return pathOf({ name, client, tool, pid });
}

function newClient(): Client {
  return new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: "auto" } });
}

function pathOf({ name, client, tool, pid }: { name: string; client: Client; tool: Tool; pid: number | null }): Path {
  return {
    name,
    pid,
    call: async () => {
      const result = await client.callTool({ name: tool.name, arguments: { ...tool.arguments } });
      if (result.isError === true) throw new Error(`${name}: ${JSON.stringify(result)}`);
    },
    close: async () => await client.close(),
  };
}
