import { randomBytes } from "node:crypto";
import { uptime } from "node:os";
import type { Random } from "@countersign/core";
import { EnforcementPoint } from "@countersign/enforce";
import { startMcpGateway } from "@countersign/gateway";
import { createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { hostPort, startServer } from "@countersign/server";
import type { Logger } from "pino";

export interface ComposeOptions {
  readonly dataDir: string;
  readonly configFile: string | null;
  readonly masterKeyFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of the command line, in the form of the configuration file. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  readonly version: string;
}

/** Everything in one process, running. */
export interface Composed {
  readonly api: string;
  readonly gateway: string;
  /** The one-time set-up link; null once a human exists. */
  readonly setupUrl: string | null;
  readonly dataDir: string;
  readonly pendingChanges: readonly { readonly approvalId: string; readonly url: string; readonly what: string }[];
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

const random: Random = (length) => randomBytes(length);

/** `countersign up`: control plane, MCP gateway, pages and the embedded database in one process. */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const now = (): number => Date.now();
  const { log } = options;
  const server = await startServer({ ...options, random, now });
  const closers: (() => Promise<void> | void)[] = [async () => await server.close()];
  const close = async (): Promise<void> => {
    for (const end of closers.toReversed()) await end();
  };
  let gatewayUrl = "";
  try {
    const point = new EnforcementPoint({
      id: await server.pointId("mcp"),
      name: "mcp",
      controlPlane: server.controlPlane,
      clocks: { monotonicMs: () => performance.now(), wallMs: now, uptimeMs: () => uptime() * 1000 },
      random,
      issuer: {
        ...server.issuer,
        get audience() {
          return gatewayUrl;
        },
      },
      purposeOf: async (task) => await server.purposeOf(task),
      compile: async (policy) => {
        const parsed = await parsePolicies(policy.terms.text);
        if (!parsed.ok) throw new Error(parsed.problems[0]?.message ?? "the policy text is not valid");
        return createCedarEvaluator(parsed.set);
      },
      log,
    });
    const gateway = await startMcpGateway({
      point,
      listen: hostPort(server.config.listen.gateway),
      publicUrl: null,
      environment: options.environment,
      log,
    });
    gatewayUrl = gateway.url;
    closers.push(async () => await gateway.close());
    server.connect(point);
    await point.start();
    closers.push(() => point.stop());
    const failed = await server.pinUpstreams(async (name, terms) => await gateway.inspectUpstream(name, terms));
    const { api, setupUrl } = await server.serve(gatewayUrl);
    const warnings = failed.map(({ upstream, reason }) => `upstream ${upstream} could not be asked for its tools (${reason}); they stay hidden until they are signed`);
    return { api, gateway: gatewayUrl, setupUrl, dataDir: options.dataDir, pendingChanges: server.pending(), warnings, close };
  } catch (error) {
    await close();
    throw error;
  }
}
