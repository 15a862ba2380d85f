import { AppError, type JsonObject, type SecretRef, type McpTerms } from "@countersign/core";
import { DEFAULT_LIMITS, type InspectedTool, inspectUpstream } from "@countersign/gateway";
import type { Surroundings } from "../cli.ts";

/** Values that nobody may see: variables of a program, headers of an address, and its token. */
export interface ServerSecrets {
  readonly env: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly bearer: string | null;
}
/** An MCP server as somebody uses it today: a program that they run, or an address that they call. */
export interface KnownServer {
  readonly name: string;
  readonly reach:
    | { readonly command: readonly [string, ...string[]]; readonly cwd: string | null }
    | { readonly url: string };
  /** Variables and headers that anybody may see, and names of where others are: whoever signs sees them as they are. */
  readonly plain: Plain;
  readonly secrets: ServerSecrets;
}
export interface Plain {
  readonly env: Readonly<Record<string, string | SecretRef>>;
  readonly headers: Readonly<Record<string, string | SecretRef>>;
}

export const NOTHING_PLAIN: Plain = { env: {}, headers: {} };
const QUIET = { debug: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Asks a server for its tools the way its client does: as this person, on this machine. So whoever signs sees what is there, and nothing
 * that is not signed is ever started by the control plane.
 * @throws AppError `upstream.*` when it cannot be asked
 */
export async function toolsOf(
  server: KnownServer,
  { env }: Pick<Surroundings, "env">,
): Promise<readonly InspectedTool[]> {
  const values = valuesOf(server.secrets);
  const inspected = await inspectUpstream(server.name, termsOf(server), {
    environment: env.variables,
    stored: async (name) => await Promise.resolve(values.get(name) ?? null),
    limits: DEFAULT_LIMITS,
    log: QUIET,
  });
  if (inspected.ok) return inspected.tools;
  throw new AppError(inspected.code, {
    detail: `\`${server.name}\` could not be asked for its tools: ${inspected.reason}`,
  });
}

/** How it is reached, in the form of `countersign.yaml`. Its secrets go beside it. */
export function reachOf({ reach, plain }: KnownServer): JsonObject {
  const { env, headers } = plain as unknown as { readonly env: JsonObject; readonly headers: JsonObject };
  if ("url" in reach) return { kind: "mcp", url: reach.url, headers };
  return { kind: "mcp", command: [...reach.command], ...(reach.cwd === null ? {} : { cwd: reach.cwd }), env };
}

/** Secrets as the control plane takes them. */
export function secretsBody({ env, headers, bearer }: ServerSecrets): JsonObject {
  return { env: { ...env }, headers: { ...headers }, ...(bearer === null ? {} : { bearer }) };
}

const at = (part: string, name: string): string => `${part} ${name}`;

function valuesOf({ env, headers, bearer }: ServerSecrets): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) values.set(at("env", name), value);
  for (const [name, value] of Object.entries(headers)) values.set(at("header", name), value);
  if (bearer !== null) values.set("bearer", bearer);
  return values;
}

function termsOf({ reach, plain, secrets }: KnownServer): McpTerms {
  const refs = (part: string, of: Readonly<Record<string, string>>): Record<string, SecretRef> =>
    Object.fromEntries(Object.keys(of).map((name) => [name, { fromStore: at(part, name) }]));
  return {
    kind: "mcp",
    command: "url" in reach ? null : reach.command,
    ...("url" in reach || reach.cwd === null ? {} : { cwd: reach.cwd }),
    url: "url" in reach ? reach.url : null,
    headers: { ...plain.headers, ...refs("header", secrets.headers) },
    env: { ...plain.env, ...refs("env", secrets.env) },
    auth: secrets.bearer === null ? null : { bearer: { fromStore: "bearer" } },
    effects: {},
    resources: {},
    critical: [],
    pins: null,
  };
}
