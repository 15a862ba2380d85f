export type { GuardedDatabase } from "./listener/guarded-database.ts";
export type { PostgresGateway, PostgresGatewayOptions } from "./listener/start-postgres-gateway.ts";
export { startPostgresGateway } from "./listener/start-postgres-gateway.ts";
