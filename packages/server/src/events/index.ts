export { Feed } from "./feed.ts";
export { eventRoutes } from "./routes.ts";
