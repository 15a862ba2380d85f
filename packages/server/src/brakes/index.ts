export { type BegunStop, Brakes } from "./brakes.ts";
export { brakeChecks } from "./checks.ts";
export type { Receipt } from "./receipt.ts";
export { brakeRoutes } from "./routes.ts";
export { type StopRequest, brakeRecord, liveTasksIn, openApprovalsIn, voided } from "./stop-commit.ts";
export { thawKind } from "./thaw-kind.ts";
