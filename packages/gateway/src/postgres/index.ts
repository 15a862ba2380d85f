export type { GuardedDatabase } from "./listener/guarded-database.ts";
export type { PostgresGateway, PostgresGatewayOptions } from "./listener/start-postgres-gateway.ts";
export { startPostgresGateway } from "./listener/start-postgres-gateway.ts";
export { ownClient, placeOf, tlsOf } from "./own-client.ts";
export type { TaskRolesOptions } from "./roles/open-task-roles.ts";
export { openTaskRoles } from "./roles/open-task-roles.ts";
export type { Acquired, RoleEnd, RoleTask, TaskLogin, TaskRoles } from "./roles/task-roles.ts";
