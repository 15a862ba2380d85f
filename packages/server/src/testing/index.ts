export { type Postgres, type PostgresPair, startPostgres, startPostgresPair } from "./postgres.ts";
