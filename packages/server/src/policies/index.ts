export { Policies, policyPublishKind } from "./policies.ts";
export { policyRoutes } from "./routes.ts";
