import {
  type Call,
  type JsonObject,
  type UpstreamRecord,
  type TaskId,
  canonicalJson,
  severalOf,
} from "@countersign/core";
import type { Claims, RefusedCall } from "@countersign/enforce";
import type { ClientOffer } from "./client-offer.ts";
import { changed, formCall } from "./form-call.ts";
import { type GatewayContext, activeUpstream, mayAsk } from "./gateway-context.ts";
import { formMethodCall } from "./method-call.ts";
import { acceptedHash, isToolName } from "./tool-definition.ts";
import { usableFor } from "./upstream-effector.ts";
import { WAIT_TOOL, type WaitedCall, waitedCall } from "./wait-tool.ts";

export interface Requested {
  readonly upstream: string;
  readonly method: string;
  readonly offer: ClientOffer;
  readonly params: JsonObject;
  readonly claims: Claims;
}

/** The call that a request of this caller asks for, or why there is none. Never rejects. */
export async function requestedCall(context: GatewayContext, requested: Requested): Promise<WaitedCall> {
  const { upstream, method, params, claims } = requested;
  const record = activeUpstream(context, upstream);
  if (method !== "tools/call") {
    const { argumentsBytes } = context.point.settings().limits;
    return { call: formMethodCall(method, params, { upstream, record, argumentsBytes }) };
  }
  if (params["name"] === WAIT_TOOL) {
    const waited = await waitedCall(params, claims, { upstream, point: context.point });
    return "refused" in waited.call ? waited : await stillMeant(context, requested, { ...waited, call: waited.call });
  }
  const task = taskOf(claims);
  const refused =
    record === null || task === null
      ? null
      : await definitionFault(context, { ...requested, record, task, tool: params["name"] });
  const call = formed(context, { ...requested, record, task });
  return {
    call: refused === null || "refused" in call ? call : { refused, ...touchedBy(call) },
  };
}

/** INV-5: what was held is formed anew: under another classification, mapping or definition it is not what was signed. */
async function stillMeant(
  context: GatewayContext,
  requested: Requested,
  waited: WaitedCall & { readonly call: Call },
): Promise<WaitedCall> {
  const { upstream, method, tool: name, arguments: args } = waited.call;
  const params = method === "tools/call" ? { name, arguments: args } : args;
  const { call } = await requestedCall(context, { ...requested, upstream, method, params });
  if ("refused" in call) return { ...waited, call };
  if (canonicalJson({ ...call }) === canonicalJson({ ...waited.call })) return waited;
  const reason = "the tool is classified otherwise than when this was asked for; make the call again";
  return {
    ...waited,
    call: { refused: { step: "countersignature", code: "countersignature.void", reason }, ...touchedBy(waited.call) },
  };
}

function touchedBy(call: Call): Omit<RefusedCall, "refused"> {
  return { action: call.action, resource: call.resource, ...severalOf(call) };
}

export function taskOf(claims: Claims): TaskId | null {
  return claims.ok ? claims.chain.task : null;
}

interface Forming {
  readonly upstream: string;
  readonly offer: ClientOffer;
  readonly record: UpstreamRecord<"mcp"> | null;
  readonly task: TaskId | null;
  readonly params: JsonObject;
}

function formed(context: GatewayContext, { upstream, offer, record, task, params }: Forming): Call | RefusedCall {
  const { connections, definitions, point } = context;
  return formCall(params, {
    upstream,
    record,
    argumentsBytes: point.settings().limits.argumentsBytes,
    accepted: (tool, hash) => definitions.get(tool, hash),
    offered: (tool) => {
      const known = task === null ? null : connections.standing({ task, upstream, offer })?.known;
      return known?.ok === true && known.tools.has(tool);
    },
  });
}

interface Wanted {
  readonly offer: ClientOffer;
  readonly record: UpstreamRecord<"mcp">;
  readonly task: TaskId;
  readonly tool: unknown;
}

/**
 * Whether the tool is still the one that was accepted, as far as that must be known before the decision: a human is not asked about a
 * call that cannot be sent. Connects only when the effect of the tool cannot be known otherwise.
 */
async function definitionFault(context: GatewayContext, wanted: Wanted): Promise<RefusedCall["refused"] | null> {
  const { record, task, offer, tool } = wanted;
  if (!isToolName(tool)) return null;
  const pin = acceptedHash(record.terms, tool);
  if (pin === undefined || !mayAsk(context, task, record.id)) return null;
  const known = context.connections.standing({ task, upstream: record.id, offer })?.known;
  if (known?.ok === true) {
    const now = known.tools.get(tool)?.hash;
    return now === undefined || now === pin ? null : changed(tool);
  }
  if (isEffectKnown(context, record, { tool, pin })) return null;
  const usable = await usableFor(context, { task, offer, record, call: { method: "tools/call", tool } });
  return usable.ok ? null : usable.refused;
}

function isEffectKnown(
  { definitions }: GatewayContext,
  { terms }: UpstreamRecord<"mcp">,
  { tool, pin }: { readonly tool: string; readonly pin: string },
): boolean {
  return Object.hasOwn(terms.effects, tool) || definitions.get(tool, pin) !== null;
}
