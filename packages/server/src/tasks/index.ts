export { gatewaysOf } from "./gateways.ts";
export { taskRoutes } from "./routes.ts";
export { Tasks } from "./tasks.ts";
