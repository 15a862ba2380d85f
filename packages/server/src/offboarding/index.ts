export { Offboarding } from "./offboarding.ts";
export { offboardingRoutes } from "./routes.ts";
