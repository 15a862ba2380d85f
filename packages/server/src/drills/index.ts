export { Drills } from "./drills.ts";
export { drillRoutes } from "./routes.ts";
export { drillChecks } from "./checks.ts";
