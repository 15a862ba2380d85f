export type { Proposal, Proposed } from "./approvals.ts";
export { Approvals } from "./approvals.ts";
export { isAskedByAnybody } from "./asked-by-anybody.ts";
export type { BuiltChange, ChangeKind } from "./changes.ts";
export { ChangeKinds } from "./changes.ts";
export { humanName } from "./names.ts";
export { approvalRoutes } from "./routes.ts";
