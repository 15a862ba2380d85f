export { assertFree, hostPort } from "./addresses.ts";
export { isLocalName } from "./public-address.ts";
export type { Config } from "./config.ts";
export { readConfig, readDatabasePlace, sameTerms } from "./config.ts";
export { limitsKey, parseUpstream } from "./upstreams.ts";
