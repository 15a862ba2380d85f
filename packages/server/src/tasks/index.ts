export { gatewaysOf } from "./gateways.ts";
export { OwnTasks, taskOpenKind } from "./own-task.ts";
export { taskRoutes } from "./routes.ts";
export { Tasks } from "./tasks.ts";
