export type { UpstreamDraft } from "./for-client.ts";
export { upstreamForClient } from "./for-client.ts";
export { upstreamRoutes, wantedUpstream } from "./routes.ts";
export { sealSecrets } from "./sealed-terms.ts";
export type { InspectUpstream, NewUpstream, PendingChange } from "./upstreams.ts";
export { Upstreams, settingsPutKind, upstreamPutKind } from "./upstreams.ts";
