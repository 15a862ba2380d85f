import { type Call, type JsonObject, type UpstreamRecord, canonicalJson, isJsonObject } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import { effectOfTool } from "@countersign/policy";
import { resourcesOf } from "./resources-of.ts";
import { type ToolDefinition, acceptedHash, isToolName } from "./tool-definition.ts";

export interface FormOptions {
  readonly upstream: string;
  /** The record of the upstream, if it is in use. */
  readonly record: UpstreamRecord<"mcp"> | null;
  readonly argumentsBytes: number;
  /** The definition whose hash was accepted, where it is known. */
  readonly accepted: (tool: string, hash: string) => ToolDefinition | null;
  /** Whether the upstream offers that tool now, as far as it is known. */
  readonly offered: (tool: string) => boolean;
}

type Refused = RefusedCall["refused"];

/** The action of a method of MCP that is no tool. */
export function methodAction(upstream: string, method: string): string {
  return `mcp:${upstream}#${/^[A-Za-z0-9/_-]{1,64}$/.test(method) ? method : "unknown"}`;
}

/** The action that a request for a tool is recorded under, whether or not there is such a tool. */
export function toolAction(upstream: string, name: unknown): string {
  return isToolName(name) ? `mcp:${upstream}/${name}` : methodAction(upstream, "tools/call");
}

/**
 * Forms the call that a `tools/call` asks for (design 5), or says why it cannot be formed. What it rests on is what was signed: the
 * pinned definition, the administrator's classification, the resource mapping.
 */
export function formCall(params: JsonObject, options: FormOptions): Call | RefusedCall {
  const { upstream, record, accepted } = options;
  const { name } = params;
  const args = params["arguments"] ?? {};
  const action = toolAction(upstream, name);
  const refuse = (refused: Refused, resource: string | null = `mcp:${upstream}`): RefusedCall => ({
    refused,
    action,
    resource,
  });
  if (record === null) return refuse(unknownUpstream(upstream), null);
  if (!isToolName(name)) return refuse({ step: "tool", code: "tool.unknown", reason: "the request names no tool" });
  if (!isJsonObject(args))
    return refuse({ step: "input", code: "input.invalid_json", reason: "`arguments` is not an object" });
  if (Buffer.byteLength(canonicalJson(args)) > options.argumentsBytes) return refuse(tooLarge(options.argumentsBytes));
  const pinned = pinOf(record, name, options);
  if (!pinned.ok) return refuse(pinned.refused);
  const mapped = resourcesOf(own(record.terms.resources, name), args, `mcp:${upstream}`);
  if (!mapped.ok) return refuse({ step: "input", code: "input.invalid_json", reason: mapped.reason });
  const annotations = accepted(name, pinned.hash)?.annotations ?? null;
  return {
    upstream,
    method: "tools/call",
    tool: name,
    toolDefinitionHash: pinned.hash,
    action,
    resource: mapped.first,
    ...(mapped.all.length > 1 ? { resources: mapped.all } : {}),
    effect: effectOfTool(record.terms.effects, hintsOf(annotations), name),
    arguments: args,
  };
}

export function unknownUpstream(upstream: string): Refused {
  return { step: "upstream", code: "upstream.unknown", reason: `there is no upstream \`${upstream}\`` };
}

export function tooLarge(bytes: number): Refused {
  return {
    step: "input",
    code: "input.too_large",
    reason: `the arguments are larger than ${String(bytes)} bytes; send less at a time`,
  };
}

function pinOf(
  record: UpstreamRecord<"mcp">,
  tool: string,
  { offered }: FormOptions,
): { readonly ok: true; readonly hash: string } | { readonly ok: false; readonly refused: Refused } {
  const hash = acceptedHash(record.terms, tool);
  if (hash !== undefined) return { ok: true, hash };
  if (record.terms.pins === null || offered(tool)) return { ok: false, refused: changed(tool) };
  return { ok: false, refused: { step: "tool", code: "tool.unknown", reason: `there is no tool \`${tool}\`` } };
}

export function changed(tool: string): Refused {
  const reason = `the definition of \`${tool}\` is not the one that was accepted; an administrator must sign the new one`;
  return { step: "tool", code: "tool.definition_changed", reason };
}

function own<V>(table: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function hintsOf(annotations: JsonObject | null): Parameters<typeof effectOfTool>[1] {
  if (annotations === null) return null;
  const hint = (name: string): boolean | undefined => {
    const value = annotations[name];
    return typeof value === "boolean" ? value : undefined;
  };
  return {
    readOnlyHint: hint("readOnlyHint"),
    destructiveHint: hint("destructiveHint"),
    openWorldHint: hint("openWorldHint"),
  };
}
