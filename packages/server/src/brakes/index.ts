export { Brakes, thawKind } from "./brakes.ts";
export { brakeRoutes } from "./routes.ts";
