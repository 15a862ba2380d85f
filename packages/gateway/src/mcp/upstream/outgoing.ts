import { encodeHeaderValue } from "../header-value.ts";
import { META, MODERN_VERSION, OWN_IDENTITY, type RequestId } from "../protocol.ts";
import type { Outgoing } from "./channel.ts";

export interface RequestParts {
  readonly id: number;
  readonly method: string;
  /** Members of `params` besides `_meta`, each as `"name":value`, already in JSON. */
  readonly members: readonly string[];
  /** What `params.name`, or of a resource `params.uri`, says, for the header that mirrors it. */
  readonly name?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
  /** What the agent's client can be asked; towards 2025 it was said in `initialize`. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly openEnded?: boolean;
}

/** One request to an upstream; a modern one gets its envelope and the headers that mirror its body. */
export function requestMessage(modern: boolean, parts: RequestParts): Outgoing {
  const meta = modern ? { ...envelope(parts.capabilities), ...parts.meta } : parts.meta;
  const members =
    meta === undefined || Object.keys(meta).length === 0
      ? parts.members
      : [...parts.members, `"_meta":${JSON.stringify(meta)}`];
  const text = `{"jsonrpc":"2.0","id":${String(parts.id)},"method":${JSON.stringify(parts.method)},"params":{${members.join(",")}}}\n`;
  return {
    bytes: Buffer.from(text, "utf8"),
    method: parts.method,
    id: parts.id,
    headers: modern ? { ...modernHeaders(parts), ...parts.headers } : {},
    ...(parts.openEnded === true ? { openEnded: true } : {}),
  };
}

export function notificationMessage(
  modern: boolean,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Outgoing {
  const full = modern ? { ...params, _meta: envelope() } : params;
  const bytes = lineOf({ method, params: full });
  const headers: Record<string, string> = modern
    ? { "mcp-protocol-version": MODERN_VERSION, "mcp-method": method }
    : {};
  return { bytes, method, id: null, headers };
}

/** The answer to a request of an upstream. */
export function answerMessage(id: RequestId, answer: Readonly<Record<string, unknown>>): Outgoing {
  return {
    bytes: lineOf({ id, ...answer }),
    method: "",
    id: null,
    headers: {},
  };
}

function lineOf(members: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`${JSON.stringify({ jsonrpc: "2.0", ...members })}\n`, "utf8");
}

/** For ourselves we offer an upstream nothing to ask for: what it may ask is what the client of the action declared. */
function envelope(capabilities: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { [META.version]: MODERN_VERSION, [META.clientInfo]: OWN_IDENTITY, [META.clientCapabilities]: capabilities };
}

function modernHeaders({ method, name }: RequestParts): Record<string, string> {
  return {
    "mcp-protocol-version": MODERN_VERSION,
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": encodeHeaderValue(name) }),
  };
}
