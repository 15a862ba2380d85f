import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleFolder } from "@countersign/console";
import { pooledRandom } from "@countersign/credentials";
import type { Clocks } from "@countersign/enforce";
import type { McpLimits } from "@countersign/gateway";
import { type RunningServer, startServer } from "@countersign/server";
import { type Logger, pino } from "pino";
import { type ConsoleSite, openConsole } from "./console/index.ts";
import type { Environment } from "./environment.ts";
import { VERSION } from "./version.ts";

/** What `countersign up` or `countersign server` was told. */
export interface ControlPlaneOptions {
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
  /** Of the points of this process; those of the machine by default. */
  readonly clocks?: Clocks;
  /** Bounds of the gateway of this process other than the usual ones. */
  readonly limits?: Partial<McpLimits>;
}

/** A control plane that is built and answers nobody yet. */
export interface ControlPlane {
  readonly server: RunningServer;
  readonly log: Logger;
  /** What whoever starts it should know. */
  warnings(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens state, ledger and console. @throws AppError as `startServer` does */
export async function openControlPlane(
  options: ControlPlaneOptions,
  { hasGateway }: { readonly hasGateway: boolean },
): Promise<ControlPlane> {
  const level = options.env.configuration["COUNTERSIGN_LOG"] ?? "warn";
  const log = options.log ?? pino({ level }, pino.destination({ dest: 2, sync: true }));
  const site = openConsole(fileURLToPath(consoleFolder), { build: options.buildConsole ?? false });
  try {
    const server = await startControlPlane({ ...options, hasGateway }, log, site);
    return {
      server,
      log,
      warnings: async () => [...keptAddress(server), ...(await sharedUser(server))],
      async close() {
        await server.close();
        await site.close();
      },
    };
  } catch (error) {
    await site.close();
    throw error;
  }
}

async function startControlPlane(
  options: ControlPlaneOptions & { readonly hasGateway: boolean },
  log: Logger,
  site: ConsoleSite,
): Promise<RunningServer> {
  const { configuration, configDir } = options.env;
  return await startServer({
    dataDir: options.dataDir,
    hasGateway: options.hasGateway,
    configFile: options.configFile,
    masterKeyFile: configuration["COUNTERSIGN_MASTER_KEY_FILE"] ?? join(configDir, "master.key"),
    environment: configuration,
    overrides: {
      ...(options.url === null ? {} : { publicUrl: options.url }),
      ...(options.tls === null ? {} : { tls: options.tls }),
      ...(options.behindProxy ? { behindProxy: true } : {}),
    },
    random: pooledRandom(),
    now: Date.now,
    log,
    version: VERSION,
    suggestedName: options.suggestedName ?? "",
    console: site,
  });
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
