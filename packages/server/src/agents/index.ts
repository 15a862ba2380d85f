export { Agents, agentCreateKind, agentReinstateKind } from "./agents.ts";
export type { ClientAgent } from "./for-client.ts";
export { agentForClient } from "./for-client.ts";
export { agentName, agentRoutes, grants } from "./routes.ts";
export { withinScope } from "./scope.ts";
