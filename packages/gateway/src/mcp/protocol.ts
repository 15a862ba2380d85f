import type { JsonObject } from "@countersign/core";

/** The revision of the stateless era; the older ones begin with `initialize`. */
export const MODERN_VERSION = "2026-07-28";
/** Revisions of the sessionful era that are served, the newest first. */
export const LEGACY_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
export type LegacyVersion = (typeof LEGACY_VERSIONS)[number];
/** `legacy`: `initialize`, sessions. `modern`: an envelope in each request, no session. */
export type Era = "legacy" | "modern";

/** What this program calls itself towards both sides. */
export const OWN_IDENTITY: { readonly name: string; readonly version: string } = {
  name: "countersign",
  version: "0.1.0",
};

/** What this gateway carries, whatever the upstream has: it is not asked before it must be, and what it has not is an empty list. */
export const SERVED_CAPABILITIES: JsonObject = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
};

/** JSON-RPC error codes (JSON-RPC 2.0 section 5.1; MCP 2026-07-28 for −3202x; `interfaces.md` for −32003). */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  sessionUnknown: -32001,
  refused: -32003,
  urlNeeded: -32042,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** Keys of `_meta` that the protocol, or we, own. */
export const META = {
  version: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  decision: "dev.countersign/decision",
} as const;
/** Members of `_meta` under this prefix are ours alone: an upstream that writes one is forging it. */
export const OWN_META_PREFIX = "dev.countersign/";

export type RequestId = string | number;

export function isLegacyVersion(text: unknown): text is LegacyVersion {
  return (LEGACY_VERSIONS as readonly unknown[]).includes(text);
}

/** Revisions are dates, so their order is that of their text. */
export function isModernVersion(text: string): boolean {
  return text >= MODERN_VERSION;
}
