export type { OpenTask, TaskCredential } from "./tasks.ts";
export { Tasks, chainOf } from "./tasks.ts";
export { taskRoutes } from "./routes.ts";
