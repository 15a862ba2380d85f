export { Devices } from "./devices.ts";
export { deviceRoutes } from "./routes.ts";
