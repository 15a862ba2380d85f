import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import type { GatewayContext } from "./gateway-context.ts";
import { type Grantable, grantableOf } from "./grantable.ts";
import type { ListOptions, Listed } from "./list-tools.ts";
import { OWN_META_PREFIX } from "./protocol.ts";
import type { ListOf } from "./upstream/read-list.ts";

/** A list of an upstream besides its tools: nothing in it was pinned, so it is shown as it stands, as far as the grants could cover it. */
interface Offers {
  readonly list: ListOf;
  readonly capability: "resources" | "prompts";
  readonly shows: (item: JsonObject, grantable: Grantable) => boolean;
}
const OFFERS: Readonly<Record<string, Offers>> = {
  "resources/list": {
    list: { method: "resources/list", member: "resources" },
    capability: "resources",
    shows: ({ uri, name }, grantable) => typeof uri === "string" && typeof name === "string" && grantable.resource(uri),
  },
  "resources/templates/list": {
    list: { method: "resources/templates/list", member: "resourceTemplates" },
    capability: "resources",
    shows: ({ uriTemplate, name }, grantable) =>
      typeof uriTemplate === "string" && typeof name === "string" && grantable.resource(uriTemplate),
  },
  "prompts/list": {
    list: { method: "prompts/list", member: "prompts" },
    capability: "prompts",
    shows: ({ name }, grantable) => typeof name === "string" && grantable.method("prompts/get"),
  },
};

/** The member of the answer that holds such a list; null when the method is no list. */
export function listMember(method: string): string | null {
  return Object.hasOwn(OFFERS, method) ? (OFFERS[method]?.list.member ?? null) : null;
}

/** Resources, templates or prompts as their client may see them. Without any grant the upstream is not asked. */
export async function listOffers(
  context: GatewayContext,
  method: string,
  { task, offer, record }: ListOptions,
): Promise<Listed> {
  const offers = OFFERS[method];
  const grantable = grantableOf(context, task, record.id);
  if (offers === undefined || !grantable.any) return { ok: true, items: [] };
  const connected = await context.connections.acquire(task, offer, record);
  if (!connected.ok)
    return { ok: false, refused: { step: "upstream", code: connected.code, reason: connected.reason } };
  const read = await connected.connection.list(offers.list, offers.capability);
  if (!read.ok) return { ok: false, refused: { step: "upstream", code: read.code, reason: read.reason } };
  const items = read.items.flatMap((item) =>
    isJsonObject(item) && offers.shows(item, grantable) ? [shown(item)] : [],
  );
  if (items.length < read.items.length)
    context.log.debug({ upstream: record.id, method, hidden: read.items.length - items.length }, "offers hidden");
  return { ok: true, items };
}

/** An upstream does not speak in our name. */
function shown(item: JsonObject): JsonObject {
  const { _meta } = item;
  if (!isJsonObject(_meta)) return item;
  const kept = Object.entries(_meta).filter(([name]) => !name.startsWith(OWN_META_PREFIX));
  return { ...item, _meta: Object.fromEntries<Json>(kept) };
}
