export { Agents, agentCreateKind, agentReinstateKind } from "./agents.ts";
export { agentRoutes, grants } from "./routes.ts";
