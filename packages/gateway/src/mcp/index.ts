export type { GatewayPoint } from "./gateway-context.ts";
export type { GatewayLog } from "./gateway-log.ts";
export type { McpLimits } from "./limits.ts";
export type { McpGateway, McpGatewayOptions } from "./start-gateway.ts";
export { startMcpGateway } from "./start-gateway.ts";
export type { InspectedTool, InspectedUpstream } from "./upstream/inspect-upstream.ts";
