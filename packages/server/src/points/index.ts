export { PointLinks } from "./link/index.ts";
export { LocalControlPlane } from "./control-plane.ts";
export { Follow, type Followed } from "./follow.ts";
export type { Answer, ConnectedPoint, Pushed, Untold } from "./points.ts";
export { Points } from "./points.ts";
export { closeLeft } from "./close-left.ts";
export { type PointStanding, isGone, leaseOf, standings } from "./standing.ts";
export { type Asked, MOST_SKEW_MS } from "./membership.ts";
export { ServedPoints } from "./served-points.ts";
