export { humanReinstateKind } from "./reinstate-kind.ts";
export { Registration, humanAddKind } from "./registration.ts";
export type { DeviceRequest, SessionDraft } from "./sessions.ts";
export { COOKIE, Sessions, sessionOpenKind } from "./sessions.ts";
export { deviceRequestBody, peopleRoutes } from "./routes.ts";
