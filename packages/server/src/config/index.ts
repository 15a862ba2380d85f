export { assertFree, hostPort } from "./addresses.ts";
export { isLocalName } from "./public-address.ts";
export type { Config } from "./config.ts";
export { parseUpstream, readConfig, readDatabasePlace, sameTerms } from "./config.ts";
