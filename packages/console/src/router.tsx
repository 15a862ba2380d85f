import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { NotFound, PageProblem } from "./parts/problem-notice.tsx";
import { OverviewPage } from "./routes/overview/overview-page.tsx";
import { agentSearch, stateSearch } from "./routes/search.ts";
import { Shell } from "./shell/shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const page = { getParentRoute: () => root } as const;

const routeTree = root.addChildren([
  createRoute({ ...page, path: "/", component: OverviewPage }),
  createRoute({
    ...page,
    path: "/approvals",
    validateSearch: stateSearch,
    component: lazyRouteComponent(() => import("./routes/approvals/approvals-page.tsx"), "ApprovalsPage"),
  }),
  createRoute({
    ...page,
    path: "/tasks",
    validateSearch: stateSearch,
    component: lazyRouteComponent(() => import("./routes/tasks/tasks-page.tsx"), "TasksPage"),
  }),
  createRoute({
    ...page,
    path: "/agents",
    validateSearch: stateSearch,
    component: lazyRouteComponent(() => import("./routes/agents/agents-page.tsx"), "AgentsPage"),
  }),
  createRoute({
    ...page,
    path: "/agents/$id",
    validateSearch: agentSearch,
    component: lazyRouteComponent(() => import("./routes/agents/agent-page.tsx"), "AgentPage"),
  }),
  createRoute({
    ...page,
    path: "/ledger",
    validateSearch: stateSearch,
    component: lazyRouteComponent(() => import("./routes/ledger/ledger-page.tsx"), "LedgerPage"),
  }),
  createRoute({
    ...page,
    path: "/freeze",
    validateSearch: stateSearch,
    component: lazyRouteComponent(() => import("./routes/freeze/freeze-page.tsx"), "FreezePage"),
  }),
]);

/** Pages by address; each but the first is loaded when it is opened. */
export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: PageProblem,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
