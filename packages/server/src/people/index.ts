export { Registration, humanAddKind, originOf } from "./registration.ts";
export type { DeviceRequest } from "./sessions.ts";
export { COOKIE, Sessions, sessionOpenKind } from "./sessions.ts";
export { peopleRoutes } from "./routes.ts";
