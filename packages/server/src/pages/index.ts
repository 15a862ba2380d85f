export { assets } from "./assets.ts";
export { renderApproval } from "./approval.ts";
export { renderOverview } from "./overview.ts";
export { renderProblem } from "./problem.ts";
export { renderInvite, renderSetup } from "./registration.ts";
export { securityHeaders } from "./security-headers.ts";
export { renderSignIn } from "./sign-in.ts";
export type { ApprovalPageView, BrakeRow, NextStep, TaskRow } from "./views.ts";
