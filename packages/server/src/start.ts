import { join } from "node:path";
import type { PointId, PublicJwk, Random, Settings } from "@countersign/core";
import type { ControlPlane } from "@countersign/enforce";
import type { Logger } from "pino";
import { Activity } from "./activity/index.ts";
import { type Config, hostPort, isLocalName } from "./config/index.ts";
import { type ServerCredential, ServerIdentity } from "./credentials/index.ts";
import { Feed } from "./events/index.ts";
import { type OwnPoint, firstKeys, ownPoint } from "./first-keys.ts";
import {
  Authenticator,
  type ConsoleSource,
  type ListenOptions,
  type Listening,
  buildApp,
  listen,
} from "./http/index.ts";
import { type Kernel, settingsOf } from "./kernel.ts";
import { type Ledger, logKey, openLedger } from "./ledger/index.ts";
import { type Modules, buildModules, sweep } from "./modules.ts";
import { type State, configOf, openState } from "./open-state.ts";
import { linksOf } from "./point-link.ts";
import {
  type ConnectedPoint,
  Follow,
  LocalControlPlane,
  type PointLinks,
  Points,
  ServedPoints,
} from "./points/index.ts";
import { routeTable } from "./route-table.ts";
import { ZombieWatch, findZombies, sameUserAgents } from "./status/index.ts";
import type { InspectUpstream, PendingChange } from "./upstreams/index.ts";

const SWEEP_MS = 5000;
const POINTS_MS = 500;

export interface ServerOptions {
  readonly dataDir: string;
  readonly configFile: string | null;
  readonly masterKeyFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of the command line, in the form of the configuration file. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly random: Random;
  readonly now: () => number;
  readonly log: Logger;
  readonly version: string;
  /** A gateway will listen in this process too. */
  readonly hasGateway: boolean;
  /** What the first human is probably called, for the set-up page. */
  readonly suggestedName?: string;
  /** The console; without one, its addresses do not exist. */
  readonly console?: ConsoleSource;
}

export interface Serving {
  /** Where people reach the installation; on this machine, of several servers, this very one. */
  readonly api: string;
  readonly setupUrl: string | null;
}
/** A running control plane, and what an enforcement point of the same process needs of it. */
export interface RunningServer {
  readonly config: Config;
  readonly controlPlane: ControlPlane;
  readonly issuer: { readonly keys: readonly PublicJwk[]; readonly issuer: string };
  /**
   * An enforcement point of this very process: its stable id, and its name among those of all servers. Must be asked for before it acts: what
   * a crash of its former process cut off is ended.
   */
  ownPoint(name: string): Promise<OwnPoint>;
  connect(point: ConnectedPoint): void;
  /** What an own point shows to its clients in TLS: asked for at each handshake, because it changes while the process runs. */
  ownServerIdentity(point: PointId): { credential(): ServerCredential };
  /** PEM: the authorities that certify points and tasks. */
  readonly trustBundle: string;
  /** Accepts the definitions of new upstreams; answers those that could not be asked. */
  pinUpstreams(inspect: InspectUpstream): Promise<readonly { readonly upstream: string; readonly reason: string }[]>;
  /** INV-10: what is live with a dead link behind it; must be empty. */
  zombies(): Promise<readonly { readonly kind: string; readonly id: string; readonly because: string }[]>;
  /** Programs of agents that share the user of this process. */
  sameUserAgents(): Promise<readonly string[]>;
  /** Starts to answer. `gatewayUrl`: address of the gateway of this process; null: it has none. @throws AppError `listen.in_use` */
  serve(gatewayUrl: string | null): Promise<Serving>;
  pending(): readonly PendingChange[];
  /** Rejects when what is stored turns out to be damaged: this control plane must not go on. Never resolves. */
  readonly damage: Promise<never>;
  close(): Promise<void>;
}

/** Opens the state and builds the control plane; it answers nobody until `serve`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const opened = await openState(options);
  const { store } = opened;
  try {
    const isNew = (await store.get("settings", "settings")) === null;
    if (!isNew) return await build(options, opened);
    // Of servers that all find nothing one makes everything, and the others find it.
    return await store.exclusively(async () => await build(options, opened));
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The parts of a control plane, built and not yet listening. */
interface Built {
  readonly kernel: Kernel;
  readonly config: Config;
  readonly modules: Modules;
  readonly feed: Feed;
  readonly activity: Activity;
  readonly follow: Follow;
  readonly ledger: Ledger;
  readonly served: ServedPoints;
  readonly zombies: ZombieWatch;
  readonly gateway: { url: string | null };
  readonly damage: Promise<never>;
}

async function build(options: ServerOptions, state: State): Promise<RunningServer> {
  const config = await configOf(options, state);
  const { random, now, log } = options;
  const { store } = state;
  const gateway: Built["gateway"] = { url: null };
  const { keys, pointId } = await store.exclusively(async () => await firstKeys(options, store));
  const points = new Points(store);
  const feed = new Feed({ store, points, now });
  const hint: Kernel["hint"] = (what) => feed.hint(what);
  const kernel: Kernel = { store, points, keys, random, now, log, pointId, hint, gatewayUrl: () => gateway.url };
  const activity = new Activity(kernel);
  const follow = await Follow.begin({ ...kernel, onFollowed: (followed) => feed.followed(followed) });
  const publicUrl = (await store.get("settings", "settings"))?.terms.publicUrl ?? config.settings.publicUrl;
  const warn = (message: string, fields: Readonly<Record<string, unknown>>): void => log.warn(fields, message);
  const { promise: damage, reject: onDamage } = Promise.withResolvers<never>();
  // Whoever runs this control plane hears it too.
  damage.catch((error: unknown) => log.fatal({ err: error }, "what is stored is damaged"));
  const key = logKey(keys.ledger);
  const ledger = await openLedger({ store, path: options.dataDir, key, publicUrl, warn, onDamage });
  const modules = await buildModules(kernel, config);
  const served = new ServedPoints(kernel, () => performance.now());
  await served.begin();
  const zombies = new ZombieWatch(kernel);
  const built = { kernel, config, modules, feed, activity, follow, ledger, served, zombies, gateway, damage };
  return await running(options, state, built);
}

async function running(options: ServerOptions, state: State, built: Built): Promise<RunningServer> {
  const { kernel, config, modules, activity, served, zombies, gateway } = built;
  const { store, place } = state;
  const { log, keys } = kernel;
  const controlPlane = new LocalControlPlane(kernel, modules, served);
  const links = linksOf(kernel, modules, { controlPlane, served });
  const routes = routeTable(options, { store, ...built });
  const { behindProxy } = config;
  const app = buildApp(kernel, new Authenticator(kernel, modules.sessions), { routes, behindProxy });
  const sweepers = [
    setInterval(() => void swept(kernel, async () => await sweep(modules)), SWEEP_MS),
    setInterval(() => void swept(kernel, async () => await served.sweep()), POINTS_MS),
  ];
  let listening: Listening | null = null;
  return {
    config,
    controlPlane,
    issuer: { keys: [keys.tokens.jwk], issuer: (await settingsOf(kernel)).publicUrl },
    ownPoint: async (name) => await ownPoint(kernel, served, place === null ? name : `${name}@${place.name}`),
    connect: (point) => kernel.points.connect(point),
    ownServerIdentity: (point) => new ServerIdentity(modules.authority, kernel.now, `/point/${point}`),
    trustBundle: modules.authority.pem,
    pinUpstreams: async (inspect) => await modules.upstreams.pinGenesis(inspect),
    async serve(url) {
      gateway.url = url;
      void activity.begin().catch((error: unknown) => log.warn({ err: error }, "former decisions not counted"));
      listening = await listen(app, listenOptions(config, options.dataDir, links));
      await place?.keepPort(listening.port);
      setImmediate(() => void swept(kernel, async () => await sweep(modules)));
      return {
        api: apiOf(config, listening, await settingsOf(kernel)),
        setupUrl: await modules.registration.setupUrl(),
      };
    },
    pending: () => modules.upstreams.pending,
    damage: built.damage,
    zombies: async () => await findZombies(kernel),
    sameUserAgents: async () => await sameUserAgents(kernel),
    async close() {
      for (const sweeper of sweepers) clearInterval(sweeper);
      zombies.end();
      links.close();
      await listening?.close();
      await app.close();
      await ended(built);
      await state.close();
    },
  };
}

async function ended({ feed, activity, follow, ledger }: Built): Promise<void> {
  feed.close();
  activity.end();
  await follow.end();
  await ledger.close();
}

function apiOf({ isShared, behindProxy }: Config, { port }: Listening, { publicUrl }: Settings): string {
  const url = new URL(publicUrl);
  if (!isShared || behindProxy || !isLocalName(url.hostname)) return publicUrl;
  url.port = String(port);
  return url.origin;
}

function listenOptions({ listen: addresses, tls }: Config, dataDir: string, links: PointLinks): ListenOptions {
  return {
    ...hostPort(addresses.api),
    socket: join(dataDir, "control.sock"),
    link: (socket) => links.take(socket),
    tls,
  };
}

async function swept({ log }: Kernel, sweeping: () => Promise<void>): Promise<void> {
  try {
    await sweeping();
  } catch (error) {
    log.warn({ err: error }, "sweep failed");
  }
}
