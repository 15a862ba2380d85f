import type { JsonObject, StateRecord, TaskId } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import type { GatewayContext } from "./gateway-context.ts";
import type { Era } from "./protocol.ts";
import { acceptedHash } from "./tool-definition.ts";
import { WAIT_DEFINITION, WAIT_TOOL } from "./wait-tool.ts";

export type ListedTools =
  | { readonly ok: true; readonly tools: readonly JsonObject[] }
  | { readonly ok: false; readonly refused: RefusedCall["refused"] };

export interface ListOptions {
  readonly task: TaskId;
  readonly record: StateRecord<"upstream">;
  readonly era: Era;
}

/** The tools of an upstream as its client may see them: only definitions that were accepted, unchanged; and our own tool to wait with. */
export async function listTools(context: GatewayContext, { task, record, era }: ListOptions): Promise<ListedTools> {
  const connected = await context.connections.acquire(task, record);
  if (!connected.ok)
    return { ok: false, refused: { step: "upstream", code: connected.code, reason: connected.reason } };
  const read = await connected.connection.refresh();
  if (!read.ok) return { ok: false, refused: { step: "upstream", code: read.code, reason: read.reason } };
  context.definitions.note(read.tools.values());
  const accepted = [...read.tools.values()].filter(
    ({ name, hash }) => acceptedHash(record.terms, name) === hash && name !== WAIT_TOOL,
  );
  const hidden = read.tools.size - accepted.length;
  if (hidden > 0)
    context.log.debug({ upstream: record.id, hidden }, "tools hidden: their definitions were not accepted");
  return { ok: true, tools: [...accepted.map(({ definition }) => shown(definition, era)), WAIT_DEFINITION] };
}

/** `execution` belongs to the tasks of 2025-11-25, which are not carried. */
function shown(definition: JsonObject, era: Era): JsonObject {
  if (!("execution" in definition) || era === "legacy") return definition;
  const { execution: _, ...rest } = definition;
  return rest;
}
