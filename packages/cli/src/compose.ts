import { uptime } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleFolder } from "@countersign/console";
import { pooledRandom } from "@countersign/credentials";
import { EnforcementPoint } from "@countersign/enforce";
import { type McpGateway, type OwnPlaces, serveHooks, startMcpGateway } from "@countersign/gateway";
import { createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { type RunningServer, hostPort, startServer } from "@countersign/server";
import { type Logger, pino } from "pino";
import { type ConsoleSite, openConsole } from "./console/index.ts";
import type { Environment } from "./environment.ts";
import { VERSION } from "./version.ts";

/** What `countersign up` was told. */
export interface ComposeOptions {
  readonly dataDir: string;
  /** `--config`, else `DATA/countersign.yaml` when it is there, else null. */
  readonly configFile: string | null;
  /** `--url`, or null. */
  readonly url: string | null;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly behindProxy: boolean;
  /** What the first human is probably called. */
  readonly suggestedName?: string;
  readonly env: Pick<Environment, "configDir" | "configuration" | "variables">;
  /** Builds the console beside the start if it is missing or older than its sources; else it is shown as it is. */
  readonly buildConsole?: boolean;
  /** Standard error by default, from `warn` on. */
  readonly log?: Logger;
}

/** A control plane and its gateway that answer. */
export interface Composed {
  readonly api: string;
  readonly gateway: string;
  /** `host:port` that the control plane listens on. */
  readonly listen: string;
  /** The one-time link of the first human; null once one exists. */
  readonly setupUrl: string | null;
  readonly dataDir: string;
  readonly pendingChanges: readonly { readonly approvalId: string; readonly url: string; readonly what: string }[];
  readonly warnings: readonly string[];
  /** INV-10: what is live with a dead link behind it; must be empty. */
  zombies(): Promise<readonly { readonly kind: string; readonly id: string; readonly because: string }[]>;
  close(): Promise<void>;
}

const random = pooledRandom();

/** `countersign up`: control plane, MCP gateway, pages and the embedded database in one process. */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const log =
    options.log ??
    pino({ level: options.env.configuration["COUNTERSIGN_LOG"] ?? "warn" }, pino.destination({ dest: 2, sync: true }));
  const site = openConsole(fileURLToPath(consoleFolder), { build: options.buildConsole ?? false });
  const closers: (() => Promise<void> | void)[] = [async () => await site.close()];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const server = await startControlPlane(options, log, site);
    closers.push(async () => await server.close());
    let audience = "";
    const point = await buildPoint(server, log, () => audience);
    const gateway = await startMcpGateway({
      point,
      listen: hostPort(server.config.listen.gateway),
      publicUrl: null,
      environment: options.env.variables,
      log,
      hooks: serveHooks(ownPlaces(options)),
    });
    audience = gateway.url;
    closers.push(async () => await gateway.close());
    server.connect(point);
    await point.start();
    closers.push(() => point.stop());
    const warnings = [...keptAddress(server), ...(await sharedUser(server)), ...(await unpinned(server, gateway))];
    const { api, setupUrl } = await server.serve(gateway.url);
    return {
      api,
      gateway: gateway.url,
      listen: server.config.listen.api,
      setupUrl,
      dataDir: options.dataDir,
      pendingChanges: server.pending(),
      warnings,
      zombies: async () => await server.zombies(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startControlPlane(options: ComposeOptions, log: Logger, site: ConsoleSite): Promise<RunningServer> {
  const { configuration, configDir } = options.env;
  return await startServer({
    dataDir: options.dataDir,
    configFile: options.configFile,
    masterKeyFile: configuration["COUNTERSIGN_MASTER_KEY_FILE"] ?? join(configDir, "master.key"),
    environment: configuration,
    overrides: {
      ...(options.url === null ? {} : { publicUrl: options.url }),
      ...(options.tls === null ? {} : { tls: options.tls }),
      ...(options.behindProxy ? { behindProxy: true } : {}),
    },
    random,
    now: Date.now,
    log,
    version: VERSION,
    suggestedName: options.suggestedName ?? "",
    console: site,
  });
}

/** What an agent's own hands must not touch unasked: the program and its modules, and where keys, sessions and data are. */
function ownPlaces({ dataDir, env }: ComposeOptions): OwnPlaces {
  return {
    programs: [fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "")],
    secrets: [dataDir, env.configDir],
  };
}

async function buildPoint(server: RunningServer, log: Logger, audience: () => string): Promise<EnforcementPoint> {
  return new EnforcementPoint({
    id: await server.ownPoint("mcp"),
    name: "mcp",
    controlPlane: server.controlPlane,
    clocks: { monotonicMs: () => performance.now(), wallMs: Date.now, uptimeMs: () => uptime() * 1000 },
    random,
    issuer: {
      ...server.issuer,
      get audience() {
        return audience();
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
}

/** Accepts what new upstreams offer; those that cannot be asked are said by name. */
async function unpinned(server: RunningServer, gateway: McpGateway): Promise<string[]> {
  const failed = await server.pinUpstreams(async (name, terms) => await gateway.inspectUpstream(name, terms));
  return failed.map(
    ({ upstream, reason }) =>
      `upstream ${upstream} could not be asked for its tools (${reason}); they stay hidden until they are signed`,
  );
}

function keptAddress({ config: { refusedUrl, settings } }: RunningServer): string[] {
  if (refusedUrl === null) return [];
  const { publicUrl } = settings;
  return [
    `the address stays ${publicUrl}: every passkey and signature here is bound to it. For ${refusedUrl} begin a new data directory (--data DIR)`,
  ];
}

async function sharedUser(server: RunningServer): Promise<string[]> {
  const agents = await server.sameUserAgents();
  if (agents.length === 0) return [];
  return [
    `agents run under this same user (${agents.join(", ")}): they can read its files and stop it; run Countersign under a user of its own`,
  ];
}
