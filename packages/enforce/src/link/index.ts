export type { TokenIssuer } from "./answers.ts";
export { type DialOptions, dial } from "./dial.ts";
export { POINT_PREAMBLE } from "./frames.ts";
export { type LinkLimits, LinkSocket, encoded } from "./link-socket.ts";
export { type PointMessage, malformed, problemBody, readPointMessage } from "./messages.ts";
export { RemoteControlPlane, type RemoteControlPlaneOptions } from "./remote-control-plane.ts";
export { type PointIdentity, type TakePlaceOptions, readIdentity, takePlace } from "./take-place.ts";
