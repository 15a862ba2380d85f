import { uptime } from "node:os";
import { fileURLToPath } from "node:url";
import { pooledRandom } from "@countersign/credentials";
import { EnforcementPoint } from "@countersign/enforce";
import { type McpGateway, type OwnPlaces, serveHooks, startMcpGateway } from "@countersign/gateway";
import { createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { type RunningServer, hostPort } from "@countersign/server";
import type { ControlPlane, ControlPlaneOptions } from "./control-plane.ts";

/** The gateway in the process of the control plane, with its lease. */
export interface OwnGateway {
  readonly url: string;
  /** Upstreams whose tools are not accepted yet, in words. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Starts the gateway of `countersign up`. The control plane need not answer yet. */
export async function startOwnGateway(plane: ControlPlane, options: ControlPlaneOptions): Promise<OwnGateway> {
  const { server, log } = plane;
  let audience = "";
  const point = await buildPoint(plane, () => audience);
  const gateway = await startMcpGateway({
    point,
    listen: hostPort(server.config.listen.gateway),
    publicUrl: null,
    environment: options.env.variables,
    log,
    hooks: serveHooks(ownPlaces(options)),
  });
  audience = gateway.url;
  try {
    server.connect(point);
    await point.start();
    const close = async (): Promise<void> => {
      await point.stop();
      await gateway.close();
    };
    return { url: gateway.url, warnings: await unpinned(server, gateway), close };
  } catch (error) {
    await point.stop();
    await gateway.close();
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

async function buildPoint({ server, log }: ControlPlane, audience: () => string): Promise<EnforcementPoint> {
  return new EnforcementPoint({
    ...(await server.ownPoint("mcp")),
    controlPlane: server.controlPlane,
    clocks: { monotonicMs: () => performance.now(), wallMs: Date.now, uptimeMs: () => uptime() * 1000 },
    random: pooledRandom(),
    issuer: {
      ...server.issuer,
      get audience() {
        return audience();
      },
    },
    compile: async (policy) => {
      const parsed = await parsePolicies(policy.terms.text);
      if (!parsed.ok) throw new Error(parsed.problems[0]?.message ?? "the policy text is not valid");
      return createCedarEvaluator(parsed.set);
    },
    log,
  });
}

/** Accepts what new upstreams offer; those that cannot be asked are said by name. */
async function unpinned(server: RunningServer, gateway: McpGateway): Promise<string[]> {
  const failed = await server.pinUpstreams(async (name, terms) => await gateway.inspectUpstream(name, terms));
  return failed.map(
    ({ upstream, reason }) =>
      `upstream ${upstream} could not be asked for its tools (${reason}); they stay hidden until they are signed`,
  );
}
