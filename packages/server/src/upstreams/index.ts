export type { UpstreamDraft } from "./for-client.ts";
export { upstreamForClient } from "./for-client.ts";
export { upstreamRoutes, wantedUpstream } from "./routes.ts";
export { readSecret, sealSecrets } from "./secrets.ts";
export type { InspectUpstream, NewUpstream, PendingChange } from "./upstreams.ts";
export { Upstreams, settingsPutKind, upstreamPutKind } from "./upstreams.ts";
