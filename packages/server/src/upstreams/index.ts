export type { InspectUpstream, PendingChange } from "./upstreams.ts";
export { Upstreams, settingsPutKind, upstreamPutKind } from "./upstreams.ts";
export { upstreamRoutes } from "./routes.ts";
