export type {
  GatewayLog,
  GatewayPoint,
  InspectedTool,
  InspectedUpstream,
  McpGateway,
  McpGatewayOptions,
  McpLimits,
  MirroredParam,
} from "./mcp/index.ts";
export {
  EventStreamReader,
  LineReader,
  META,
  encodeHeaderValue,
  mirroredParams,
  paramHeaders,
  startMcpGateway,
} from "./mcp/index.ts";
