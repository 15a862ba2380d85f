export { Tasks } from "./tasks.ts";
export { taskRoutes } from "./routes.ts";
