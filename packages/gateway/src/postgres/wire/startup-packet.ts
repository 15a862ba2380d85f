import { Body, Malformed } from "./body.ts";
import { CANCEL_REQUEST_CODE, GSS_REQUEST_CODE, SSL_REQUEST_CODE } from "./frontend-writer.ts";

/** How a client begins a connection. */
export type StartupPacket =
  | { readonly type: "ssl" }
  | { readonly type: "gss" }
  | { readonly type: "cancel"; readonly pid: number; readonly key: Buffer }
  | {
      readonly type: "startup";
      /** Of protocol 3. */
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
    }
  | { readonly type: "malformed"; readonly reason: string };

/** PostgreSQL's own bound. */
export const STARTUP_BYTES = 10_000;
/** Bytes before which nothing is known of a packet: length and code. */
const HEAD_BYTES = 8;
const CANCEL_KEY_BYTES = 256;

/**
 * Reads the packet at the front of what a client sent; null until it is whole. Answers how long it is, so that whoever reads on knows what
 * came behind it. Never throws.
 */
export function readStartup(bytes: Buffer): { readonly packet: StartupPacket; readonly sizeBytes: number } | null {
  if (bytes.length < 4) return null;
  const sizeBytes = bytes.readInt32BE(0);
  if (sizeBytes < HEAD_BYTES || sizeBytes > STARTUP_BYTES)
    return { packet: { type: "malformed", reason: "the length of the start-up packet is wrong" }, sizeBytes: 0 };
  if (bytes.length < sizeBytes) return null;
  try {
    return { packet: read(new Body(bytes.subarray(4, sizeBytes))), sizeBytes };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { packet: { type: "malformed", reason: error.message }, sizeBytes };
  }
}

function read(body: Body): StartupPacket {
  const code = body.int32();
  switch (code) {
    case SSL_REQUEST_CODE:
      body.end();
      return { type: "ssl" };
    case GSS_REQUEST_CODE:
      body.end();
      return { type: "gss" };
    case CANCEL_REQUEST_CODE:
      return readCancel(body);
    default:
      return readParameters(code, body);
  }
}

function readCancel(body: Body): StartupPacket {
  const pid = body.int32();
  if (body.left < 4 || body.left > CANCEL_KEY_BYTES) throw new Malformed("the key of a cancel has a wrong length");
  return { type: "cancel", pid, key: body.bytes(body.left) };
}

function readParameters(version: number, body: Body): StartupPacket {
  if (version >>> 16 !== 3) throw new Malformed("only protocol 3 is spoken here");
  const parameters = new Map<string, string>();
  for (let name = body.name(); name !== ""; name = body.name()) {
    if (parameters.has(name)) throw new Malformed("a start-up parameter is named twice");
    parameters.set(name, body.text());
  }
  body.end();
  return { type: "startup", minor: version & 0xffff, parameters };
}
