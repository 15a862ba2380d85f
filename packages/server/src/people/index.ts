export { Registration, humanAddKind } from "./registration.ts";
export { COOKIE, Sessions, sessionOpenKind } from "./sessions.ts";
export { peopleRoutes } from "./routes.ts";
