/**
 * The client side of `countersign connect`: which MCP servers a client has, and its configuration rewritten so that they are
 * reached through Countersign.
 *
 *     const client = clientOf("codex");
 *     const { servers } = readClient(client, around, { place });      // never prints a secret: `Sealed`
 *     const plan = planConnect({ client, servers: [{ name, list, upstream: "files" }], launcher, agent }, place);
 *     plan.flatMap(showPlan)                                           // masked diff
 *     writePlans(plan); undoEdits(place)
 */
export { clientOf } from "./clients/index.ts";
export type { Client } from "./clients/client.ts";
export { writePlans } from "./edit/index.ts";
export { placeOf, readClient } from "./read-client.ts";
