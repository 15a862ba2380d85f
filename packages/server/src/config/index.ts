export { hostPort } from "./addresses.ts";
export type { Config } from "./config.ts";
export { parseUpstream, readConfig, sameTerms } from "./config.ts";
