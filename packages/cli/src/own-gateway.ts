import { fileURLToPath } from "node:url";
import { pooledRandom } from "@countersign/credentials";
import { type Clocks, EnforcementPoint, type PointOptions } from "@countersign/enforce";
import { type McpGateway, type OwnPlaces, serveHooks, startMcpGateway } from "@countersign/gateway";
import { createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { type RunningServer, hostPort } from "@countersign/server";
import type { ControlPlane, ControlPlaneOptions } from "./control-plane.ts";
import { MACHINE_CLOCKS } from "./machine-clocks.ts";
import { OwnPostgres } from "./own-postgres.ts";

/** The gateway in the process of the control plane, with its lease. */
export interface OwnGateway {
  readonly url: string;
  /** `host:port` of its PostgreSQL; null while no database is guarded. */
  postgres(): string | null;
  /** Upstreams whose tools are not accepted yet, in words. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Starts the gateway of `countersign up`, with points for MCP, hooks and, from the first database on, PostgreSQL. The control plane need not answer yet. */
export async function startOwnGateway(plane: ControlPlane, options: ControlPlaneOptions): Promise<OwnGateway> {
  const { server, log } = plane;
  let url: string | null = null;
  const parts = { compile: compileOnce(), url: () => url, clocks: options.clocks ?? MACHINE_CLOCKS };
  const point = await buildPoint(plane, "mcp", parts);
  const hooks = await buildPoint(plane, "hooks", parts);
  const gateway = await startMcpGateway({
    point,
    listen: hostPort(server.config.listen.gateway),
    publicUrl: null,
    environment: options.env.variables,
    log,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    hooks: { point: hooks, serve: serveHooks(ownPlaces(options)) },
  });
  ({ url } = gateway);
  const databases = new OwnPostgres(
    plane,
    options,
    async (postgres) => await buildPoint(plane, "postgres", { ...parts, postgres }),
  );
  const close = async (): Promise<void> => {
    await Promise.all([point.stop(), hooks.stop(), databases.close()]);
    await gateway.close();
  };
  try {
    for (const own of [point, hooks]) {
      server.connect(own);
      await own.start();
    }
    await databases.needed(point);
    point.onUpstreamChange(() => {
      databases.needed(point).catch((error: unknown) => log.error({ err: error }, "databases are not guarded"));
    });
    const warnings = await unpinned(server, gateway);
    return { url: gateway.url, postgres: () => databases.address, warnings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What an agent's own hands must not touch unasked: the program and its modules, and where keys, sessions and data are. */
function ownPlaces({ dataDir, env }: ControlPlaneOptions): OwnPlaces {
  return {
    programs: [fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "")],
    secrets: [dataDir, env.configDir],
  };
}

type Compile = PointOptions["compile"];
interface PointParts extends Pick<PointOptions, "postgres"> {
  readonly compile: Compile;
  readonly url: () => string | null;
  readonly clocks: Clocks;
}

async function buildPoint(
  { server, log }: ControlPlane,
  name: string,
  { compile, url, clocks, postgres }: PointParts,
): Promise<EnforcementPoint> {
  return new EnforcementPoint({
    ...(await server.ownPoint(name)),
    controlPlane: server.controlPlane,
    clocks,
    random: pooledRandom(),
    issuer: {
      ...server.issuer,
      get audience() {
        return url() ?? "";
      },
    },
    url,
    ...(postgres === undefined ? {} : { postgres }),
    compile,
    log,
  });
}

/** Points of one process that are told the same policies compile them once. */
function compileOnce(): Compile {
  let last: { readonly text: string; readonly made: ReturnType<Compile> } | null = null;
  return async ({ terms: { text } }) => {
    if (last?.text !== text) last = { text, made: compiled(text) };
    return await last.made;
  };
}

async function compiled(text: string): ReturnType<Compile> {
  const parsed = await parsePolicies(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message ?? "the policy text is not valid");
  return createCedarEvaluator(parsed.set);
}

/** Accepts what new upstreams offer; those that cannot be asked are said by name. */
async function unpinned(server: RunningServer, gateway: McpGateway): Promise<string[]> {
  const failed = await server.pinUpstreams(async (name, terms) => await gateway.inspectUpstream(name, terms));
  return failed.map(
    ({ upstream, reason }) =>
      `upstream ${upstream} could not be asked for its tools (${reason}); they stay hidden until they are signed`,
  );
}
