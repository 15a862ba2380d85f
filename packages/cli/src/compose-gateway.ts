import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, codeRow } from "@countersign/core";
import { pooledRandom } from "@countersign/credentials";
import {
  type Clocks,
  EnforcementPoint,
  Forwarder,
  RemoteControlPlane,
  type Spool,
  type SpoolLimits,
  type TokenIssuer,
  openSpool,
  spooling,
} from "@countersign/enforce";
import {
  type McpGateway,
  type McpLimits,
  type OwnPlaces,
  type PostgresGateway,
  openDatabase,
  serveHooks,
  startMcpGateway,
  startPostgresGateway,
} from "@countersign/gateway";
import { createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { lockDirectory } from "@countersign/server";
import type { Logger } from "pino";
import type { Environment } from "./environment.ts";
import type { GatewayIdentity } from "./gateway/identity-file.ts";
import { gatewayMetrics } from "./gateway/metrics.ts";
import { OwnCertificate } from "./gateway/own-certificate.ts";
import { MACHINE_CLOCKS } from "./machine-clocks.ts";

export interface GatewayOptions {
  readonly identity: GatewayIdentity;
  /** Its own directory: identity and spool. One process at a time. */
  readonly directory: string;
  readonly servers: readonly string[];
  readonly listen: { readonly host: string; readonly port: number };
  /** Where clients of PostgreSQL connect; null: no database is guarded here. */
  readonly listenPostgres?: { readonly host: string; readonly port: number } | null;
  /** The address that clients are told, when it is not the one that is listened on. */
  readonly url: string | null;
  readonly env: Pick<Environment, "configDir" | "variables">;
  readonly log: Logger;
  /** What a person at the terminal should know: the lease was lost or is back, or is not given yet. */
  readonly tell: (state: GatewayState) => void;
  readonly signal: AbortSignal;
  /** Those of the machine by default. */
  readonly clocks?: Clocks;
  /** Bounds other than the usual ones. */
  readonly limits?: Partial<McpLimits>;
  readonly spoolLimits?: Partial<SpoolLimits>;
}
export type GatewayState =
  | { readonly is: "waiting" | "denying"; readonly reason: string }
  | { readonly is: "serving"; readonly server: string | null };

/** A gateway that has joined. */
export interface RunningGateway {
  readonly url: string;
  /** `host:port` of its PostgreSQL. */
  readonly postgres: string | null;
  /** The server that it is linked to now. */
  server(): string | null;
  close(): Promise<void>;
}

/** After a refusal that may pass by itself the gateway denies and asks again. */
const AGAIN_MS = 500;

/**
 * An enforcement point on a machine of its own: it listens and denies at once, and permits when a server has taken it in.
 * @throws AppError what the control plane refuses it for, `data.in_use`, `listen.in_use`, `ledger.damaged`
 */
export async function composeGateway(options: GatewayOptions): Promise<RunningGateway> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  const lock = lockDirectory(options.directory, process.pid);
  closers.push(() => lock.release());
  try {
    const parts = await buildParts(options, closers);
    await joined(parts, options);
    parts.certificate.keepFresh(parts.remote);
    return {
      url: parts.gateway.url,
      postgres: parts.postgres?.address ?? null,
      server: () => parts.remote.server(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly certificate: OwnCertificate;
  readonly remote: RemoteControlPlane;
  readonly point: EnforcementPoint;
  readonly gateway: McpGateway;
  readonly postgres: PostgresGateway | null;
}

async function buildParts(options: GatewayOptions, closers: (() => Promise<void> | void)[]): Promise<Parts> {
  const { identity, directory, log } = options;
  const random = pooledRandom();
  const certificate = new OwnCertificate(identity, { directory, now: Date.now, log });
  closers.push(() => certificate.stop());
  const late = { point: null as EnforcementPoint | null, tokens: { issuer: "", keys: [] } as TokenIssuer };
  const remote = remoteOf(options, certificate, late);
  closers.push(() => remote.close());
  const spool = await openSpool({
    directory: join(directory, "spool"),
    point: identity.point,
    random,
    clock: Date.now,
    ...(options.spoolLimits === undefined ? {} : { limits: options.spoolLimits }),
  });
  const forwarder = new Forwarder({ spool, controlPlane: remote, key: () => certificate.identity.key, random, log });
  closers.push(async () => {
    await forwarder.stop();
    await spool.close();
  });
  forwarder.start();
  let url = "";
  let postgres: PostgresGateway | null = null;
  const point = pointOf(options, {
    controlPlane: spooling(remote, spool, forwarder),
    issuer: () => ({ ...late.tokens, audience: url }),
    url: () => url,
    postgres: () => postgres?.address ?? null,
  });
  late.point = point;
  const gateway = await startMcpGateway({
    point,
    listen: options.listen,
    publicUrl: options.url,
    environment: options.env.variables,
    log,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    probes: {
      denying: () => denying({ point, remote, spool }),
      metrics: () => gatewayMetrics({ point, spool, remote }),
    },
    hooks: { point, serve: serveHooks(ownPlaces(options)) },
  });
  ({ url } = gateway);
  closers.push(async () => await gateway.close());
  postgres = await postgresOf(options, point, certificate);
  closers.push(async () => await postgres?.close());
  closers.push(async () => await point.stop());
  return { certificate, remote, point, gateway, postgres };
}

/** The PostgreSQL of this gateway, at the same point. */
async function postgresOf(
  { identity, listenPostgres = null, env, log }: GatewayOptions,
  point: EnforcementPoint,
  certificate: OwnCertificate,
): Promise<PostgresGateway | null> {
  if (listenPostgres === null) return null;
  const options = { point, log, environment: env.variables };
  return await startPostgresGateway({
    point,
    listen: listenPostgres,
    credential: () => {
      const { svid, key } = certificate.identity;
      return { cert: svid, key: key.privateKey.export({ format: "pem", type: "pkcs8" }).toString() };
    },
    trustBundle: identity.bundle,
    openDatabase: async (record) => await openDatabase(record, options),
    log,
  });
}

/** What an agent's own hands must not touch unasked: the program, and where keys, identity and spool are. */
function ownPlaces({ directory, env }: GatewayOptions): OwnPlaces {
  return {
    programs: [fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "")],
    secrets: [directory, env.configDir],
  };
}

interface Late {
  point: EnforcementPoint | null;
  tokens: TokenIssuer;
}

function remoteOf({ servers, log }: GatewayOptions, certificate: OwnCertificate, late: Late): RemoteControlPlane {
  return new RemoteControlPlane({
    servers,
    dial: async (url, signal) => await certificate.dial(url, signal),
    clock: () => performance.now(),
    random: pooledRandom(),
    leaseMs: () => (late.point?.replica.get("settings", "settings")?.terms.lease.seconds ?? 3) * 1000,
    log,
    push: async (change) => {
      if (late.point === null) throw new AppError("point.left");
      return await late.point.push(change);
    },
    onTokens: (tokens) => {
      late.tokens = tokens;
    },
    onReplaced: () => late.point?.renewNow(),
  });
}

interface PointParts {
  readonly controlPlane: ReturnType<typeof spooling>;
  readonly issuer: () => TokenIssuer & { readonly audience: string };
  readonly url: () => string;
  readonly postgres: () => string | null;
}

function pointOf(
  { identity, log, clocks = MACHINE_CLOCKS }: GatewayOptions,
  { controlPlane, issuer, url, postgres }: PointParts,
): EnforcementPoint {
  return new EnforcementPoint({
    id: identity.point,
    name: identity.name,
    controlPlane,
    clocks,
    random: pooledRandom(),
    issuer: {
      get keys() {
        return issuer().keys;
      },
      get issuer() {
        return issuer().issuer;
      },
      get audience() {
        return issuer().audience;
      },
    },
    url,
    postgres,
    compile: async (policy) => {
      const parsed = await parsePolicies(policy.terms.text);
      if (!parsed.ok) throw new Error(parsed.problems[0]?.message ?? "the policy text is not valid");
      return createCedarEvaluator(parsed.set);
    },
    log,
  });
}

/** Asks until a server takes this point in. What will not pass by itself is an error. */
async function joined({ point, remote }: Parts, { tell, signal }: GatewayOptions): Promise<void> {
  for (let told = ""; !signal.aborted;) {
    try {
      await point.start();
      break;
    } catch (error) {
      if (!(error instanceof AppError) || !codeRow(error.code).retryable) throw error;
      if (error.message !== told) tell({ is: "waiting", reason: error.message });
      told = error.message;
      await new Promise<void>((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  point.onLease((valid) => {
    if (valid) tell({ is: "serving", server: remote.server() });
    else tell({ is: "denying", reason: (remote.trouble() ?? new AppError("lease.lost")).message });
  });
}

/** Why it serves nobody as it should: without a lease it denies everything, with a spool that takes nothing all that only reads. */
function denying({ point, remote, spool }: Pick<Parts, "point" | "remote"> & { readonly spool: Spool }): {
  readonly code: string;
  readonly reason: string;
} | null {
  if (point.lease.valid() && spool.fault === null) return null;
  const trouble = point.lease.valid() ? spool.fault : remote.trouble();
  const { code, message } = trouble ?? new AppError("lease.lost");
  return { code, reason: message };
}
