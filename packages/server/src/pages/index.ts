export type { Asset } from "./assets.ts";
export { assets } from "./assets.ts";
export { renderApproval } from "./approval.ts";
export { renderOverview } from "./overview.ts";
export { renderProblem } from "./problem.ts";
export { renderInvite, renderSetup } from "./registration.ts";
export { securityHeaders } from "./security-headers.ts";
export { renderSignIn } from "./sign-in.ts";
export type {
  ApprovalOutcome,
  ApprovalPageView,
  BrakeRow,
  InviteView,
  NextStep,
  OverviewView,
  ProblemView,
  SetupView,
  SignInView,
  StopProgress,
  TaskRow,
} from "./views.ts";
