import type { JsonObject, McpTerms } from "@countersign/core";
import type { UpstreamCode } from "./channel.ts";
import { NO_OFFER } from "../client-offer.ts";
import { type ConnectOptions, connect } from "./connection.ts";

export type InspectedUpstream =
  | { readonly ok: true; readonly tools: readonly InspectedTool[] }
  | { readonly ok: false; readonly code: UpstreamCode; readonly reason: string };
export interface InspectedTool {
  readonly name: string;
  readonly definition: JsonObject;
  /** base64url SHA-256 of the canonical definition: what becomes the pin. */
  readonly hash: string;
  readonly annotations: JsonObject | null;
}

/** Connects to an upstream once, reads its definitions and leaves: what an administrator is shown before accepting them. Never rejects. */
export async function inspectUpstream(
  name: string,
  terms: McpTerms,
  options: Omit<ConnectOptions, "upstream" | "terms" | "offer" | "knownEra">,
): Promise<InspectedUpstream> {
  const connected = await connect({ ...options, upstream: name, terms, offer: NO_OFFER, knownEra: null });
  if (!connected.ok) return { ok: false, code: connected.code, reason: connected.reason };
  const read = await connected.connection.tools();
  await connected.connection.link.close("inspected");
  if (!read.ok) return { ok: false, code: read.code, reason: read.reason };
  return { ok: true, tools: [...read.tools.values()].map(({ definition, ...tool }) => ({ ...tool, definition })) };
}
