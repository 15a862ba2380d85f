export type { GuardedDatabase } from "./guarded-database.ts";
export type { PostgresGateway, PostgresGatewayOptions } from "./listener/start-postgres-gateway.ts";
export { startPostgresGateway } from "./listener/start-postgres-gateway.ts";
export type { OpenDatabaseOptions } from "./open-database.ts";
export { openDatabase } from "./open-database.ts";
export { ownClient } from "./own-client.ts";
export type { TaskRolesOptions } from "./roles/open-task-roles.ts";
export { openTaskRoles } from "./roles/open-task-roles.ts";
export type { TaskRoles } from "./roles/task-roles.ts";
