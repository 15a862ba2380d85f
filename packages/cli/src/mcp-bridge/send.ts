/** What the gateway answered, as far as the bridge looks at it. A `Response` of `fetch` fits. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** POST brings a message; GET opens the stream of a session of the 2025 era, DELETE ends one, both without a body. */
export type BridgeMethod = "POST" | "GET" | "DELETE";
export interface BridgeRequest {
  readonly method: BridgeMethod;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}
/**
 * Sends one request to the gateway: adds the credential, tries once more when it is told a new nonce, follows no redirect.
 * Rejects when the gateway cannot be reached, or with the abort of `signal`.
 */
export type Send = (request: BridgeRequest, signal: AbortSignal) => Promise<GatewayResponse>;

/** Where the bridge says what is wrong; never the client's standard output. */
export interface BridgeLog {
  warn(fields: object, message: string): void;
}

/** Largest message that passes, either way. */
export const MESSAGE_BYTES: number = 96 * 1024 * 1024;

/** Reads a whole body of at most `maxBytes`; null when it is longer. */
export async function wholeBody({ body }: GatewayResponse, maxBytes: number): Promise<Buffer | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > maxBytes) return null;
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
