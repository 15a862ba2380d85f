export type RpcId = string | number;

/** What the bridge must know of a message of its client; everything else passes as it came. */
export interface RpcMessage {
  readonly id: RpcId | null;
  readonly method: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Reads a message leniently: it is the gateway that judges it. Null when it is no JSON at all. */
export function readRpcMessage(text: string): RpcMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const message = objectOf(value);
  const { id, method } = message;
  const params = objectOf(message["params"]);
  return {
    id: typeof id === "string" || typeof id === "number" ? id : null,
    method: typeof method === "string" ? method : null,
    params,
    meta: objectOf(params["_meta"]),
  };
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export interface RpcFault {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export function errorText(id: RpcId | null, error: RpcFault): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}
