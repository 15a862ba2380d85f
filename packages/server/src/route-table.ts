import { type Activity, activityRoutes } from "./activity/index.ts";
import { agentRoutes } from "./agents/index.ts";
import { approvalRoutes } from "./approvals/index.ts";
import { brakeChecks, brakeRoutes } from "./brakes/index.ts";
import { clientRoutes } from "./clients/index.ts";
import type { Config } from "./config/index.ts";
import { credentialRoutes } from "./credentials/index.ts";
import { deviceRoutes } from "./devices/index.ts";
import { Drills, drillChecks, drillRoutes } from "./drills/index.ts";
import { type Feed, eventRoutes } from "./events/index.ts";
import { type Route, consoleRoutes, openApi, pageRoutes, route } from "./http/index.ts";
import type { Kernel } from "./kernel.ts";
import { type Ledger, ledgerChecks, ledgerRoutes } from "./ledger/index.ts";
import { mandateRoutes } from "./mandates/index.ts";
import type { Modules } from "./modules.ts";
import { offboardingRoutes } from "./offboarding/index.ts";
import { peopleRoutes } from "./people/index.ts";
import type { ServedPoints } from "./points/index.ts";
import { policyRoutes } from "./policies/index.ts";
import { secretRoutes } from "./secrets/index.ts";
import type { ServerOptions } from "./start.ts";
import { type ZombieWatch, statusRoutes } from "./status/index.ts";
import type { LedgerStore } from "./store/index.ts";
import { taskRoutes } from "./tasks/index.ts";
import { upstreamRoutes } from "./upstreams/index.ts";

/** What the routes stand on. */
export interface Served {
  readonly kernel: Kernel;
  readonly config: Pick<Config, "isShared">;
  readonly store: LedgerStore;
  readonly modules: Modules;
  readonly ledger: Ledger;
  readonly feed: Feed;
  readonly activity: Activity;
  readonly zombies: ZombieWatch;
  readonly served: ServedPoints;
}

/** What people look at: status, ledger, console, events, figures, tasks and pages. */
function readingRoutes(
  { dataDir, version, console, suggestedName = "" }: ServerOptions,
  { kernel, store, modules, ledger, feed, activity, served, zombies }: Served,
): readonly Route[] {
  const source = {
    dataDir,
    version,
    points: served,
    authority: modules.authority.bundle,
    pending: () => modules.upstreams.pending,
    zombies: async () => await zombies.count(),
    checks: () => [
      async () => await ledgerChecks(ledger, store),
      async () => await brakeChecks(kernel, modules.brakes),
      async () => await drillChecks(kernel, new Drills(kernel, modules.brakes)),
    ],
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

/** Every route of the control plane: who may call it, and what answers. */
export function routeTable(options: ServerOptions, served: Served): readonly Route[] {
  const { kernel, modules } = served;
  const more = [...readingRoutes(options, served), ...secretRoutes(kernel, served.config.isShared)];
  return documented(routesOf(kernel, modules, more), options.version);
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
