import type { JsonObject, UpstreamRecord, TaskId } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import type { ClientOffer } from "./client-offer.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { type Grantable, grantableOf } from "./grantable.ts";
import type { Era } from "./protocol.ts";
import { type ToolDefinition, acceptedHash } from "./tool-definition.ts";
import { WAIT_DEFINITION, WAIT_TOOL } from "./wait-tool.ts";

export type Listed =
  | { readonly ok: true; readonly items: readonly JsonObject[] }
  | { readonly ok: false; readonly refused: RefusedCall["refused"] };

export interface ListOptions {
  readonly task: TaskId;
  readonly offer: ClientOffer;
  readonly record: UpstreamRecord<"mcp">;
  readonly era: Era;
}

/**
 * The tools of an upstream as its client may see them: only definitions that were accepted, unchanged, and that the grants of the task
 * could cover; and our own tool to wait with. Without any grant the upstream is not asked.
 */
export async function listTools(context: GatewayContext, { task, offer, record, era }: ListOptions): Promise<Listed> {
  const grantable = grantableOf(context, task, record.id);
  if (!grantable.any) return { ok: true, items: [] };
  const connected = await context.connections.acquire(task, offer, record);
  if (!connected.ok)
    return { ok: false, refused: { step: "upstream", code: connected.code, reason: connected.reason } };
  const read = await connected.connection.refresh();
  if (!read.ok) return { ok: false, refused: { step: "upstream", code: read.code, reason: read.reason } };
  context.definitions.note(read.tools.values());
  const accepted = [...read.tools.values()].filter(
    ({ name, hash }) => acceptedHash(record.terms, name) === hash && name !== WAIT_TOOL,
  );
  const items = shownTo(grantable, accepted, { record, era });
  const hidden = { changed: read.tools.size - accepted.length, ungranted: accepted.length + 1 - items.length };
  if (hidden.changed + hidden.ungranted > 0) context.log.debug({ upstream: record.id, ...hidden }, "tools hidden");
  return { ok: true, items };
}

/**
 * The tools of an upstream that must not be asked, as far as their accepted definitions were seen before: a client that comes up during a
 * stop has tools, and is told of the stop when it calls one.
 */
export function listKnownTools(
  context: GatewayContext,
  { task, record, era }: Omit<ListOptions, "offer">,
): readonly JsonObject[] {
  const grantable = grantableOf(context, task, record.id);
  if (!grantable.any) return [];
  const known = Object.entries(record.terms.pins ?? {}).map(([name, hash]) => context.definitions.get(name, hash));
  const accepted = known.filter((tool) => tool !== null).filter(({ name }) => name !== WAIT_TOOL);
  return shownTo(grantable, accepted, { record, era });
}

function shownTo(
  grantable: Grantable,
  tools: readonly ToolDefinition[],
  { record, era }: Pick<ListOptions, "record" | "era">,
): readonly JsonObject[] {
  const { resources } = record.terms;
  const granted = tools.filter(({ name }) =>
    grantable.tool(name, Object.hasOwn(resources, name) ? resources[name] : undefined),
  );
  return [...granted.map(({ definition }) => shown(definition, era)), WAIT_DEFINITION];
}

/** `execution` belongs to the tasks of 2025-11-25, which are not carried. */
function shown(definition: JsonObject, era: Era): JsonObject {
  if (!("execution" in definition) || era === "legacy") return definition;
  const { execution: _, ...rest } = definition;
  return rest;
}
