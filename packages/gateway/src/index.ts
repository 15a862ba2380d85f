export type { HookClient, HookEvent, HookVerdict, OwnPlaces, ReadHookEvent } from "./hooks/index.ts";
export { isHookClient, readHookEvent, serveHooks } from "./hooks/index.ts";
export type {
  GatewayLog,
  GatewayPoint,
  InspectedTool,
  InspectedUpstream,
  McpGateway,
  McpGatewayOptions,
  McpLimits,
  MirroredParam,
  Probes,
} from "./mcp/index.ts";
export {
  DEFAULT_LIMITS,
  EventStreamReader,
  LineReader,
  META,
  MODERN_VERSION,
  SERVED_CAPABILITIES,
  encodeHeaderValue,
  inspectUpstream,
  mirroredParams,
  paramHeaders,
  startMcpGateway,
} from "./mcp/index.ts";
export type {
  GuardedDatabase,
  OpenDatabaseOptions,
  PostgresGateway,
  PostgresGatewayOptions,
  TaskRoles,
  TaskRolesOptions,
} from "./postgres/index.ts";
export { openDatabase, openTaskRoles, ownClient, startPostgresGateway } from "./postgres/index.ts";
