export { Activity } from "./activity.ts";
export { lastAction } from "./last-action.ts";
export { activityRoutes } from "./routes.ts";
