import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { McpTerms } from "@countersign/core";
import type { GatewayLog } from "../gateway-log.ts";
import type { McpLimits } from "../limits.ts";
import { type McpGateway, startMcpGateway } from "../start-gateway.ts";
import { PermitPoint, terms } from "./permit-point.ts";

export const NODE: string = process.execPath;
export const EVERYTHING: readonly string[] = everythingProgram("stdio");

export function everythingProgram(transport: "stdio" | "streamableHttp"): readonly string[] {
  return [NODE, modulePath("@modelcontextprotocol/server-everything/dist/index.js"), transport];
}
export function filesystem(folder: string): readonly string[] {
  return [NODE, modulePath("@modelcontextprotocol/server-filesystem/dist/index.js"), folder];
}
/** The server that behaves as it is told. */
export function oddServer(...args: readonly string[]): readonly string[] {
  return [NODE, fileURLToPath(new URL("./odd-server.ts", import.meta.url)), ...args];
}
/** The server that asks its client. */
export function askingServer(): readonly string[] {
  return [NODE, fileURLToPath(new URL("./asking-server.ts", import.meta.url))];
}
/** The official SDK's server of 2026-07-28, on a pipe. */
export function modernServer(): readonly string[] {
  return [NODE, fileURLToPath(new URL("./modern-server.ts", import.meta.url))];
}

function modulePath(name: string): string {
  return fileURLToPath(import.meta.resolve(name));
}

export interface LogLine {
  readonly fields: object;
  readonly message: string;
}
export interface Running {
  readonly gateway: McpGateway;
  readonly point: PermitPoint;
  readonly log: LogLine[];
  url(upstream: string): string;
  /** Accepts the definitions of an upstream as they stand. */
  pin(upstream: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function runGateway(
  upstreams: Readonly<Record<string, Partial<McpTerms>>>,
  {
    environment = {},
    ...limits
  }: Partial<McpLimits> & { readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<Running> {
  const all = Object.fromEntries(Object.entries(upstreams).map(([name, parts]) => [name, terms(parts)]));
  const point = new PermitPoint(all);
  const log: LogLine[] = [];
  const note = (fields: object, message: string): void => void log.push({ fields, message });
  const gatewayLog: GatewayLog = { debug: note, warn: note, error: note };
  const gateway = await startMcpGateway({
    point,
    listen: { host: "127.0.0.1", port: 0 },
    publicUrl: null,
    environment: { PATH: dirname(process.execPath), ...environment },
    log: gatewayLog,
    limits,
  });
  return {
    gateway,
    point,
    log,
    url: (upstream) => `${gateway.url}/mcp/${upstream}`,
    pin: async (upstream) => {
      const known = point.replica.get("upstream", upstream)?.terms;
      const current = known?.kind === "mcp" ? known : terms({});
      const inspected = await gateway.inspectUpstream(upstream, current);
      if (!inspected.ok) throw new Error(`${inspected.code}: ${inspected.reason}`);
      point.putUpstream(upstream, {
        ...current,
        pins: Object.fromEntries(inspected.tools.map(({ name, hash }) => [name, hash])),
      });
    },
    [Symbol.asyncDispose]: async () => await gateway.close(),
  };
}
