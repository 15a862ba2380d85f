export type { StopRequest } from "./brakes.ts";
export { Brakes, thawKind } from "./brakes.ts";
export type { Receipt } from "./receipt.ts";
export { brakeRoutes } from "./routes.ts";
