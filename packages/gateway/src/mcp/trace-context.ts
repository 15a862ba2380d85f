import type { JsonObject } from "@countersign/core";

/** W3C Trace Context of one request, as MCP carries it in `_meta` (SEP-414). */
export interface TraceContext {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

const PARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const STATE = /^[\x20-\x7e]{1,512}$/;

/** The trace context of a request's `_meta`; whatever has not its form is left out. */
export function traceContextOf(meta: JsonObject): TraceContext {
  const { traceparent, tracestate } = meta;
  if (typeof traceparent !== "string" || !PARENT.test(traceparent)) return {};
  return { traceparent, ...(typeof tracestate === "string" && STATE.test(tracestate) ? { tracestate } : {}) };
}
