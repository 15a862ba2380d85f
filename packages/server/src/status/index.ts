export { statusRoutes } from "./routes.ts";
export type { StatusSource } from "./status.ts";
export { statusOf } from "./status.ts";
