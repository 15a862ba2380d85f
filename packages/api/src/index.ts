export type { ApprovalDisplay, ApprovalOptions, ApprovalView, AssertionBody, Named } from "./approvals.ts";
export { approvalOptionsBody, assertionBody, assertionResponse } from "./approvals.ts";
