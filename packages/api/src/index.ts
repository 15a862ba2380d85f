export type {
  ApprovalDisplay,
  ApprovalOptions,
  ApprovalOptionsBody,
  ApprovalView,
  AssertionBody,
  Named,
  ShownBound,
  ShownEffect,
  ShownPreview,
  SigningProgress,
} from "./approvals.ts";
export { approvalOptionsBody, assertionBody, assertionResponse } from "./approvals.ts";
export type { BrakeView, StopPoint, StopPreview, Stopping } from "./brakes.ts";
export type { Drill, DrillPoint } from "./drills.ts";
export { HINT_KINDS, type Hint, type HintKind } from "./events.ts";
export type {
  AgentView,
  ChainNames,
  DecisionMinute,
  DeviceView,
  HumanView,
  LastAction,
  MandateView,
  Overview,
  Paged,
  PointDetail,
  PointView,
  TaskView,
} from "./inventory.ts";
export type { Act, ActPage, EntryPage, EntryView, Understood } from "./ledger.ts";
