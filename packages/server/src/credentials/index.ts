export { Authority } from "./authority.ts";
export { Identities } from "./identities.ts";
export { Joins } from "./joins.ts";
export { credentialRoutes } from "./routes.ts";
export type { ServerCredential } from "./server-identity.ts";
export { ServerIdentity } from "./server-identity.ts";
export { pointTrustKind } from "./trust.ts";
