import { join } from "node:path";
import { type PointId, type PublicJwk, type Random, type Settings, newId } from "@countersign/core";
import type { ControlPlane } from "@countersign/enforce";
import type { Logger } from "pino";
import { Activity, activityRoutes } from "./activity/index.ts";
import { Agents, agentCreateKind, agentReassignKind, agentReinstateKind, agentRoutes } from "./agents/index.ts";
import { Approvals, ChangeKinds, approvalRoutes } from "./approvals/index.ts";
import { Brakes, brakeRoutes, thawKind } from "./brakes/index.ts";
import { Clients, clientConnectKind, clientRoutes } from "./clients/index.ts";
import { Authority, Identities, Joins, ServerIdentity, credentialRoutes, pointTrustKind } from "./credentials/index.ts";
import { type Config, assertFree, hostPort, isLocalName, readConfig, readDatabasePlace } from "./config/index.ts";
import { Devices, deviceRoutes } from "./devices/index.ts";
import { Drills, drillRoutes } from "./drills/index.ts";
import { Feed, eventRoutes } from "./events/index.ts";
import {
  Authenticator,
  type ConsoleSource,
  type ListenOptions,
  type Listening,
  type Route,
  buildApp,
  consoleRoutes,
  listen,
  openApi,
  pageRoutes,
  route,
} from "./http/index.ts";
import { type Kernel, settingsOf } from "./kernel.ts";
import { Offboarding, offboardingRoutes } from "./offboarding/index.ts";
import { type Ledger, ledgerRoutes, logKey, openLedger, closeIntentsOf, verifyRunning } from "./ledger/index.ts";
import { FIRST_KEY, type KeyRing, loadMasterKey, openKeyRing } from "./keys/index.ts";
import {
  Registration,
  Sessions,
  humanAddKind,
  humanReinstateKind,
  peopleRoutes,
  sessionOpenKind,
} from "./people/index.ts";
import { type ConnectedPoint, Follow, LocalControlPlane, PointLinks, Points, ServedPoints } from "./points/index.ts";
import { Mandates, mandateCreateKind, mandateRoutes } from "./mandates/index.ts";
import { type Place, takePlace } from "./place.ts";
import { Policies, policyPublishKind, policyRoutes } from "./policies/index.ts";
import { type Check, findZombies, sameUserAgents, statusRoutes } from "./status/index.ts";
import { type LedgerStore, type Store, openStore } from "./store/index.ts";
import { Tasks, taskRoutes } from "./tasks/index.ts";
import {
  type InspectUpstream,
  type PendingChange,
  Upstreams,
  settingsPutKind,
  upstreamPutKind,
  upstreamRoutes,
} from "./upstreams/index.ts";

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
export interface OwnPoint {
  readonly id: PointId;
  readonly name: string;
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
  /** Accepts the definitions of new upstreams; answers those that could not be asked. */
  pinUpstreams(inspect: InspectUpstream): Promise<readonly { readonly upstream: string; readonly reason: string }[]>;
  /** INV-10: what is live with a dead link behind it; must be empty. */
  zombies(): Promise<readonly { readonly kind: string; readonly id: string; readonly because: string }[]>;
  /** Programs of agents that share the user of this process. */
  sameUserAgents(): Promise<readonly string[]>;
  /** Starts to answer. `gatewayUrl`: address of the gateway of this process; null: it has none. @throws AppError `listen.in_use` */
  serve(gatewayUrl: string | null): Promise<Serving>;
  pending(): readonly PendingChange[];
  close(): Promise<void>;
}

/** Opens the state and builds the control plane; it answers nobody until `serve`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const opened = await openState(options);
  const { store } = opened;
  try {
    const isNew = (await store.get("settings", "settings")) === null;
    if (!isNew) return await configured(options, opened);
    // Of servers that all find nothing one makes everything, and the others find it.
    return await store.exclusively(async () => await configured(options, opened));
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface State {
  readonly store: LedgerStore;
  /** Null: the embedded database, of this process alone. */
  readonly place: Place | null;
  close(): Promise<void>;
}

async function openState({ dataDir, configFile: file, environment, now, random }: ServerOptions): Promise<State> {
  const { url } = await readDatabasePlace({ file, environment });
  if (url === null) {
    const store = await openStore({ path: dataDir, clock: now });
    return { store, place: null, close: async () => await store.close() };
  }
  const place = await takePlace(dataDir, random);
  try {
    const store = await openStore({ url, clock: now });
    const close = async (): Promise<void> => {
      await store.close();
      place.release();
    };
    return { store, place, close };
  } catch (error) {
    place.release();
    throw error;
  }
}

async function configured(options: ServerOptions, state: State): Promise<RunningServer> {
  const { store, place } = state;
  const stored = await store.get("settings", "settings");
  const root = await store.get("root", "root");
  const source = { file: options.configFile, environment: options.environment, overrides: options.overrides };
  // An unreadable configuration must not leave an installation half made: it is read before anything is written.
  const config = await readConfig({
    ...source,
    storedPublicUrl: stored?.terms.publicUrl ?? null,
    boundUrl: root?.terms.origin ?? null,
    formerPort: place === null ? portOf(stored?.terms.publicUrl) : place.port,
    isShared: place !== null,
    now: options.now(),
  });
  const { api, gateway } = config.listen;
  await assertFree(options.hasGateway ? { api, gateway } : { api });
  return await build(options, config, state);
}

async function build(options: ServerOptions, config: Config, state: State): Promise<RunningServer> {
  const { random, now, log } = options;
  const { store, place } = state;
  let gatewayUrl: string | null = null;
  const { keys, pointId } = await store.exclusively(async () => await firstKeys(options, store));
  const points = new Points(store);
  const feed = new Feed({ store, points, now });
  const hint: Kernel["hint"] = (what) => feed.hint(what);
  const kernel: Kernel = { store, points, keys, random, now, log, pointId, hint, gatewayUrl: () => gatewayUrl };
  const activity = new Activity(store, now);
  const follow = await Follow.begin({ ...kernel, onFollowed: (followed) => feed.followed(followed) });
  const publicUrl = (await store.get("settings", "settings"))?.terms.publicUrl ?? config.settings.publicUrl;
  const ledger = await continueLedger(kernel, options, { store, publicUrl });
  const modules = await buildModules(kernel, config);
  const served = new ServedPoints(kernel, () => performance.now());
  await served.begin();
  const controlPlane = new LocalControlPlane(kernel, modules, served);
  const routes = routesOf(kernel, modules, readingRoutes(options, { kernel, store, modules, ledger, feed, activity }));
  const links = linksOf(kernel, modules, { controlPlane, served });
  const answered = { routes: documented(routes, options.version), behindProxy: config.behindProxy };
  const app = buildApp(kernel, new Authenticator(kernel, modules.sessions), answered);
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
    connect: (point) => points.connect(point),
    pinUpstreams: async (inspect) => await modules.upstreams.pinGenesis(inspect),
    async serve(url) {
      gatewayUrl = url;
      void activity.begin(store).catch((error: unknown) => log.warn({ err: error }, "former decisions not counted"));
      listening = await listen(app, {
        ...listenOptions(config, options.dataDir),
        link: (socket) => links.take(socket),
      });
      await place?.keepPort(listening.port);
      setImmediate(() => void swept(kernel, async () => await sweep(modules)));
      return {
        api: apiOf(config, listening, await settingsOf(kernel)),
        setupUrl: await modules.registration.setupUrl(),
      };
    },
    pending: () => modules.upstreams.pending,
    zombies: async () => await findZombies(kernel),
    sameUserAgents: async () => await sameUserAgents(kernel),
    async close() {
      for (const sweeper of sweepers) clearInterval(sweeper);
      feed.close();
      links.close();
      await listening?.close();
      await app.close();
      await follow.end();
      await ledger.close();
      await state.close();
    },
  };
}

interface Reading {
  readonly kernel: Kernel;
  readonly store: LedgerStore;
  readonly modules: Modules;
  readonly ledger: Ledger;
  readonly feed: Feed;
  readonly activity: Activity;
}

/** What people look at: status, ledger, console, events, figures, tasks and pages. */
function readingRoutes(
  { dataDir, version, console, suggestedName = "" }: ServerOptions,
  { kernel, store, modules, ledger, feed, activity }: Reading,
): readonly Route[] {
  const source = {
    dataDir,
    version,
    leases: () => kernel.points.all().map(({ name, lease }) => ({ name, valid: lease.valid() })),
    pending: () => modules.upstreams.pending,
    checks: () => [async () => await ledgerChecks(ledger, store)],
  };
  return [
    ...statusRoutes(kernel, source, () => ledger.vkey),
    ...ledgerRoutes(kernel, ledger),
    ...(console === undefined ? [] : consoleRoutes(console)),
    ...eventRoutes(feed),
    ...activityRoutes(kernel, activity),
    ...taskRoutes({ kernel, activity, ...modules }),
    ...pageRoutes({ kernel, ...modules, suggestedName }),
  ];
}

function portOf(publicUrl: string | undefined): number | null {
  const port = publicUrl === undefined ? "" : new URL(publicUrl).port;
  return port === "" ? null : Number(port);
}

function apiOf({ isShared, behindProxy }: Config, { port }: Listening, { publicUrl }: Settings): string {
  const url = new URL(publicUrl);
  if (!isShared || behindProxy || !isLocalName(url.hostname)) return publicUrl;
  url.port = String(port);
  return url.origin;
}

/** The links of points on other machines. */
function linksOf(
  kernel: Kernel,
  { authority, joins, identities, serverIdentity }: Modules,
  { controlPlane, served }: { readonly controlPlane: ControlPlane; readonly served: ServedPoints },
): PointLinks {
  const { store, points, log, now, keys } = kernel;
  return new PointLinks({
    controlPlane,
    store,
    points,
    log,
    now,
    monotonicMs: () => performance.now(),
    lease: async () => (await settingsOf(kernel)).lease,
    tokens: async () => ({ issuer: (await settingsOf(kernel)).publicUrl, keys: [keys.tokens.jwk] }),
    secretsFor: async (point, jkt) => await identities.secretsFor(point, jkt),
    renewIdentity: async ({ point, jkt }, keyProof) => await identities.renew(point, jkt, keyProof),
    lost: async (point) => await served.lost(point),
    trust: {
      bundle: authority.pem,
      credential: () => serverIdentity.credential(),
      identify: async (certificate) => await identities.identify(certificate),
      redeem: async (body) => await joins.redeem(body),
    },
  });
}

function listenOptions({ listen: addresses, tls }: Config, dataDir: string): Omit<ListenOptions, "link"> {
  return {
    ...hostPort(addresses.api),
    socket: join(dataDir, "control.sock"),
    tls,
  };
}

/** The route table, and its description as one route more. */
function documented(routes: readonly Route[], version: string): readonly Route[] {
  const described = openApi(routes, version);
  return [
    ...routes,
    route({
      method: "GET",
      url: "/v1/openapi.json",
      callers: ["anyone"],
      handle: async () => await Promise.resolve({ body: described }),
    }),
  ];
}

/** The keys and the name of the control plane: made once, by whichever server is first. */
async function firstKeys(
  { masterKeyFile, random, now }: ServerOptions,
  store: LedgerStore,
): Promise<{ readonly keys: KeyRing; readonly pointId: PointId }> {
  const isNew = (await store.blob(FIRST_KEY)) === null;
  const keys = await openKeyRing(store, await loadMasterKey(masterKeyFile, { random, isNew }), { random, now });
  return { keys, pointId: await pointIdOf(store, { name: "control", now, random }) };
}

/** INV-6: what a crash of this point's former process cut off has an outcome before it may act again. */
async function ownPoint(kernel: Kernel, { membership }: ServedPoints, name: string): Promise<OwnPoint> {
  const { store, log } = kernel;
  const id = await store.exclusively(async () => {
    const formerId = await store.blob(`point/${name}`);
    return await membership.own(name, formerId === null ? null : (text(formerId) as PointId));
  });
  const closed = await closeIntentsOf(kernel, id);
  if (closed > 0) log.warn({ point: id, closed }, "intents that a crash cut off have the outcome unknown now");
  return { id, name };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/** Opens the ledger where it ended. */
async function continueLedger(
  { log, keys }: Kernel,
  { dataDir }: ServerOptions,
  { store, publicUrl }: { readonly store: LedgerStore; readonly publicUrl: string },
): Promise<Ledger> {
  const warn = (message: string, fields: Readonly<Record<string, unknown>>): void => log.warn(fields, message);
  return await openLedger({ store, path: dataDir, key: logKey(keys.ledger), publicUrl, warn });
}

/** The ledger as a stranger would verify it, and the database against the journal. */
async function ledgerChecks(ledger: Ledger, store: LedgerStore): Promise<readonly Check[]> {
  const { log, faults } = await verifyRunning(ledger, store);
  const agreement = await ledger.agreement();
  const damaged = faults.map((fault) => JSON.stringify(fault)).join("; ");
  return [
    {
      name: "ledger",
      ok: log.ok,
      detail: log.ok ? `every entry verifies under ${ledger.origin}` : JSON.stringify(log),
      ...(log.ok ? {} : { next: "keep this directory as it is and compare with an export that you hold" }),
    },
    {
      name: "ledger consistency",
      ok: agreement.ok,
      detail: agreement.ok
        ? `the files here are those of the stored checkpoint of ${String(agreement.size)} entries, which all servers share`
        : agreement.detail,
      ...(agreement.ok
        ? {}
        : { next: "keep everything as it is; stop the server whose files differ, and compare both" }),
    },
    {
      name: "database",
      ok: faults.length === 0,
      detail: faults.length === 0 ? "state and journal agree" : damaged,
      ...(faults.length === 0 ? {} : { next: "restore the data directory from a copy" }),
    },
  ];
}

interface Modules {
  readonly approvals: Approvals;
  readonly brakes: Brakes;
  readonly sessions: Sessions;
  readonly registration: Registration;
  readonly devices: Devices;
  readonly offboarding: Offboarding;
  readonly agents: Agents;
  readonly tasks: Tasks;
  readonly mandates: Mandates;
  readonly policies: Policies;
  readonly upstreams: Upstreams;
  readonly clients: Clients;
  readonly authority: Authority;
  readonly joins: Joins;
  readonly identities: Identities;
  readonly serverIdentity: ServerIdentity;
}

async function buildModules(kernel: Kernel, config: Config): Promise<Modules> {
  const kinds = new ChangeKinds();
  for (const kind of [
    sessionOpenKind,
    humanAddKind,
    humanReinstateKind,
    agentCreateKind,
    agentReinstateKind,
    agentReassignKind,
    mandateCreateKind,
    policyPublishKind,
    upstreamPutKind,
    settingsPutKind,
    clientConnectKind,
    pointTrustKind,
    thawKind,
  ])
    kinds.add(kind);
  const approvals = new Approvals(kernel, kinds);
  const brakes = new Brakes(kernel, () => approvals);
  const sessions = new Sessions(kernel);
  const registration = new Registration(kernel, { sessions, approvals });
  const agents = new Agents(kernel, approvals);
  const tasks = new Tasks(kernel, { agents, brakes });
  const policies = new Policies(kernel, approvals);
  const upstreams = new Upstreams(kernel, approvals);
  await kernel.store.exclusively(async () => {
    await policies.begin();
    await upstreams.apply(config);
  });
  const authority = await Authority.open(kernel);
  return {
    approvals,
    brakes,
    sessions,
    registration,
    devices: new Devices(kernel),
    offboarding: new Offboarding(kernel, brakes),
    agents,
    tasks,
    mandates: new Mandates(kernel, { agents, approvals }),
    policies,
    upstreams,
    clients: new Clients(kernel, { approvals, sessions }),
    authority,
    joins: new Joins(kernel, authority),
    identities: new Identities(kernel, { authority, approvals }),
    serverIdentity: new ServerIdentity(authority, kernel.now),
  };
}

function routesOf(kernel: Kernel, modules: Modules, more: readonly Route[]): readonly Route[] {
  return [
    ...more,
    ...peopleRoutes({ kernel, ...modules }),
    ...offboardingRoutes({ kernel, ...modules }),
    ...approvalRoutes(kernel, modules.approvals),
    ...brakeRoutes(kernel, modules.brakes),
    ...drillRoutes(new Drills(kernel, modules.brakes)),
    ...agentRoutes(modules.agents),
    ...mandateRoutes(modules.mandates),
    ...deviceRoutes({ kernel, ...modules }),
    ...policyRoutes(modules.policies),
    ...upstreamRoutes(modules.upstreams),
    ...clientRoutes(modules.clients),
    ...credentialRoutes(modules),
  ];
}

async function sweep({ tasks, approvals, brakes }: Modules): Promise<void> {
  await brakes.sweep();
  await tasks.sweep();
  await approvals.sweep();
}

async function swept({ log }: Kernel, sweeping: () => Promise<void>): Promise<void> {
  try {
    await sweeping();
  } catch (error) {
    log.warn({ err: error }, "sweep failed");
  }
}

async function pointIdOf(
  store: Store,
  { name, now, random }: { name: string; now: () => number; random: Random },
): Promise<PointId> {
  const blob = `point/${name}`;
  const known = await store.blob(blob);
  if (known !== null) return text(known) as PointId;
  const id = newId("ep", now(), random);
  await store.commit({ blobs: [{ name: blob, bytes: Buffer.from(id) }] });
  return id;
}
