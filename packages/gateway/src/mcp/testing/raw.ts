import { META } from "../protocol.ts";
import { dpopFetch } from "./dpop-fetch.ts";
import type { Credential } from "./permit-point.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON of the body, or of the last event of a stream; null without a body. */
  readonly json: any;
  readonly text: string;
}

const ACCEPT = "application/json, text/event-stream";
export const ENVELOPE: Readonly<Record<string, unknown>> = {
  [META.version]: "2026-07-28",
  [META.clientCapabilities]: {},
};

/** One POST with a credential, of whatever body. */
export async function post(
  url: string,
  body: unknown,
  {
    credential,
    headers = {},
    method = "POST",
  }: { credential: Credential; headers?: Record<string, string>; method?: string },
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const all = { "content-type": "application/json", accept: ACCEPT, ...headers };
  return await answerOf(
    await dpopFetch(credential)(url, { method, headers: all, ...(method === "POST" ? { body: text } : {}) }),
  );
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const stream = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  const last = stream
    ? text
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .at(-1)
        ?.slice(6)
    : text;
  return {
    status: response.status,
    headers: response.headers,
    json: last === undefined || last === "" ? null : JSON.parse(last),
    text,
  };
}

/** A `tools/call` of either era. */
export function call(name: string, args: unknown = {}, id: string | number = 1): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
}
export function modern(method: string, params: object = {}, id: string | number = 1): object {
  return { jsonrpc: "2.0", id, method, params: { ...params, _meta: ENVELOPE } };
}
export function mirror(method: string, name?: string): Record<string, string> {
  return {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": name }),
  };
}
