export { IdentityFixture, SETTINGS } from "./identity-fixture.ts";
export { type Postgres, type PostgresPair, startPostgres, startPostgresPair } from "./postgres.ts";
export { type PostgresFiles, systemPostgres } from "./postgres-files.ts";
