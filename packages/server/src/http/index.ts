export { Authenticator } from "./authenticate.ts";
export { type ConsoleFile, type ConsoleSource, consoleRoutes } from "./console-routes.ts";
export { openApi } from "./openapi.ts";
export { pageRoutes } from "./page-routes.ts";
export type { Caller, Request, Response, Route } from "./route.ts";
export { callerName, route } from "./route.ts";
export type { ListenOptions, Listening } from "./serve.ts";
export { buildApp, listen } from "./serve.ts";
