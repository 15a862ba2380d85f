export type {
  Action,
  Approved,
  ChangedEffect,
  Effector,
  Exchange,
  Note,
  Prepared,
  RefusalDetail,
  RefusedCall,
  Releaser,
  UpstreamAnswer,
} from "./action.ts";
export { admitAll, ownerOfScope } from "./admission.ts";
export type { Claims } from "./claims.ts";
export type {
  ControlPlane,
  Denial,
  Disclosure,
  EntryDraft,
  Held,
  HoldRefused,
  HoldRequest,
  Merged,
  RecordRequest,
  Recorded,
  Hello,
  Learned,
  RenewalRequest,
  Snapshot,
  SpoolFrame,
  SpoolRun,
} from "./control-plane.ts";
export { boundOf, covered, onlyOnce } from "./bound.ts";
export { callIdentity, digestOfCall, maySign } from "./countersigned.ts";
export { type Ending, endingOf } from "./ending.ts";
export { Holdings } from "./holdings.ts";
export type { RecordKey, RecordRef } from "./needs.ts";
export { EVERYWHERE, keyOf, needsOf, proofOf, refOf, signersOf } from "./needs.ts";
export { namesOf } from "./facts.ts";
export type { FailMode, Met } from "./fail-modes.ts";
export { FAIL_MODES } from "./fail-modes.ts";
export type { Clocks } from "./lease.ts";
export type { Disposition, Kept } from "./live.ts";
export type { Acknowledgement, PointLog, PointOptions } from "./point.ts";
export { EnforcementPoint } from "./point.ts";
export { Replica } from "./replica.ts";
export { claimsOfSvid } from "./task-svid.ts";
export { TokenBucket } from "./token-bucket.ts";
export type { ForwarderParts } from "./spool/forwarder.ts";
export { Forwarder, RUN_LIMITS } from "./spool/forwarder.ts";
export { readDrafts } from "./spool/draft-form.ts";
export type { SpoolOptions } from "./spool/open-spool.ts";
export { openSpool } from "./spool/open-spool.ts";
export type { SpoolLimits } from "./spool/spool-limits.ts";
export type { Spool } from "./spool/spool.ts";
export { maySpool } from "./spool/spoolable.ts";
export { spooling } from "./spool/spooling.ts";
export type {
  DialOptions,
  LinkLimits,
  PointIdentity,
  PointMessage,
  RemoteControlPlaneOptions,
  TakePlaceOptions,
  TokenIssuer,
} from "./link/index.ts";
export {
  LinkSocket,
  POINT_PREAMBLE,
  RemoteControlPlane,
  dial,
  encoded,
  malformed,
  problemBody,
  readIdentity,
  readPointMessage,
  takePlace,
} from "./link/index.ts";
