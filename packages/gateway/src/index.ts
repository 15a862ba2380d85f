export type {
  GatewayLog,
  GatewayPoint,
  InspectedTool,
  InspectedUpstream,
  McpGateway,
  McpGatewayOptions,
  McpLimits,
} from "./mcp/index.ts";
export { startMcpGateway } from "./mcp/index.ts";
