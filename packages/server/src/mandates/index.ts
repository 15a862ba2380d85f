export { mandateCreateKind } from "./create-kind.ts";
export { Mandates, opening } from "./mandates.ts";
export { mandateRoutes } from "./routes.ts";
