import type { ServerResponse } from "node:http";
import type { Json } from "@countersign/core";
import type { RequestId } from "./protocol.ts";

/** An error of JSON-RPC and the HTTP status that goes with it. */
export interface RpcFault {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
  /** The request that it answers; null when that could not be read. */
  readonly id: RequestId | null;
}

/** Answers a whole HTTP request with such an error. */
export function tellFault(response: ServerResponse, { status, code, message, data, id }: RpcFault): void {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  });
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(body);
}
