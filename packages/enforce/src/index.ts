export type { Action, Effector, Prepared, RefusalDetail, RefusedCall, Releaser, UpstreamAnswer } from "./action.ts";
export type { Claims } from "./claims.ts";
export type {
  ControlPlane,
  Disclosure,
  EntryDraft,
  Held,
  HoldRequest,
  RecordRequest,
  Recorded,
  Renewal,
  Snapshot,
} from "./control-plane.ts";
