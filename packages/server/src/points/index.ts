export { LocalControlPlane } from "./control-plane.ts";
export type { ConnectedPoint, Pushed } from "./points.ts";
export { Points } from "./points.ts";
