import type { JsonObject } from "@countersign/core";
import { META, SERVED_CAPABILITIES } from "@countersign/gateway";
import { VERSION } from "../version.ts";
import { type LocalRefusal, refusalWords } from "./local-refusal.ts";

/** What the shim must know of a message. */
export interface ShimMessage {
  readonly id: string | number | null;
  readonly method: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  /** 2026-07-28: an envelope in each request; before it: `initialize` and sessions. */
  readonly modern: boolean;
}

/** The one tool that is there while no call can reach a gateway. */
export const STATUS_TOOL = "countersign_status";
const STATUS_DEFINITION: JsonObject = {
  name: STATUS_TOOL,
  title: "Why there are no tools",
  description:
    "Says why the tools of this server are not available at the moment and what your user does about it. Call it again afterwards, then list the tools again.",
  inputSchema: { type: "object", properties: {} },
};
const MODERN_VERSION = "2026-07-28";
const LEGACY_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
const REFUSED = -32003;
const IDENTITY: JsonObject = { name: "countersign", version: VERSION };
/** Lists that are empty while no call can reach a gateway, by the member of their answer. */
const EMPTY: Readonly<Record<string, string>> = {
  "resources/list": "resources",
  "resources/templates/list": "resourceTemplates",
  "prompts/list": "prompts",
};

/** True for messages that a person must be asked for, when nobody is signed in: an agent wants to act. */
export function isCall({ method }: ShimMessage): boolean {
  return method === "tools/call";
}

/** True for a call of the tool that only the shim has. */
export function isStatusCall({ method, params }: ShimMessage): boolean {
  return method === "tools/call" && params["name"] === STATUS_TOOL;
}

/**
 * Answers a message without a gateway: a client still comes up, sees one tool, and every call is refused with the reason and the next
 * step. Null for what wants no answer.
 */
export function localAnswer(message: ShimMessage, refusal: LocalRefusal): string | null {
  const { id, method } = message;
  if (id === null || method === null) return null;
  switch (method) {
    case "initialize":
      return answer(message, {
        protocolVersion: versionOf(message),
        capabilities: SERVED_CAPABILITIES,
        serverInfo: IDENTITY,
        instructions: refusalWords(refusal),
      });
    case "server/discover":
      return answer(message, {
        supportedVersions: [MODERN_VERSION],
        capabilities: SERVED_CAPABILITIES,
        instructions: refusalWords(refusal),
      });
    case "ping":
      return answer(message, {});
    case "tools/list":
      return answer(message, { tools: [STATUS_DEFINITION] });
    case "tools/call":
      return answer(message, refusedCall(refusal));
    case "resources/list":
    case "resources/templates/list":
    case "prompts/list":
      return answer(message, { [EMPTY[method] ?? ""]: [] });
    default:
      return JSON.stringify({ jsonrpc: "2.0", id, error: { code: REFUSED, message: refusal.reason, data: refusal } });
  }
}

/** The answer to the shim's own tool once calls reach the gateway. */
export function connectedAnswer(message: ShimMessage): string {
  return answer(message, {
    content: [{ type: "text", text: "Connected: list the tools of this server again, then go on." }],
  });
}

/** A refused `tools/call`, in words and as `D` (interfaces: refusals). */
export function refusedCall(
  refusal: LocalRefusal | JsonObject,
  words: string = refusalWords(refusal as LocalRefusal),
): JsonObject {
  return {
    isError: true,
    content: [{ type: "text", text: words }],
    _meta: { [META.decision]: { ...refusal } as unknown as JsonObject },
  };
}

/** A JSON-RPC answer with what each result of its era carries. */
export function answer({ id, modern, method }: ShimMessage, result: JsonObject): string {
  const inner = typeof result["_meta"] === "object" ? (result["_meta"] as JsonObject) : {};
  const cached = method === "tools/call" ? {} : { ttlMs: 0, cacheScope: "private" };
  const whole = modern
    ? { ...result, resultType: "complete", ...cached, _meta: { ...inner, [META.serverInfo]: IDENTITY } }
    : result;
  return JSON.stringify({ jsonrpc: "2.0", id, result: whole });
}

function versionOf({ params }: ShimMessage): string {
  const asked = params["protocolVersion"];
  return typeof asked === "string" && LEGACY_VERSIONS.includes(asked) ? asked : "2025-11-25";
}
