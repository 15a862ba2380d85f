export { Clients, clientConnectKind } from "./clients.ts";
export { clientRoutes } from "./routes.ts";
