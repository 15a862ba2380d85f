export { Agents } from "./agents.ts";
export { activeOwner, agentCreateKind, agentReassignKind, agentReinstateKind } from "./kinds.ts";
export type { ClientAgent } from "./for-client.ts";
export { agentForClient } from "./for-client.ts";
export { agentName, agentRoutes, grants } from "./routes.ts";
export { withinScope } from "./scope.ts";
