export { assets } from "./assets.ts";
export { renderApproval } from "./approval.ts";
export { renderConsoleWait } from "./console-wait.ts";
export { renderProblem } from "./problem.ts";
export { renderInvite, renderSetup } from "./registration.ts";
export { securityHeaders } from "./security-headers.ts";
export { renderSignIn } from "./sign-in.ts";
export type { ApprovalPageView, NextStep } from "./views.ts";
