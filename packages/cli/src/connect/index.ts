/**
 * The client side of `countersign connect`: which MCP servers a client has, and its configuration rewritten so that they are
 * reached through Countersign.
 *
 *     const client = clientOf("codex");
 *     const { servers } = readClient(client, around, place);          // never prints a secret: `Sealed`
 *     const plan = planConnect({ client, servers: [{ server, upstream: "files" }], launcher, agent }, place);
 *     plan.flatMap(showPlan)                                           // masked diff
 *     writePlans(plan); undoEdits(place)
 */
export { CLIENTS, clientOf } from "./clients/index.ts";
export type {
  Client,
  ClientId,
  Launch,
  Sealed,
  ServerList,
  Setting,
  Surroundings,
  Transport,
} from "./clients/client.ts";
export {
  type DiffLine,
  type EditPlan,
  type EditPlace,
  type Undone,
  showPlan,
  undoEdits,
  writePlans,
} from "./edit/index.ts";
export { type ClientReading, type FoundServer, placeOf, readClient } from "./read-client.ts";
export { type Connection, planConnect } from "./plan-connect.ts";
