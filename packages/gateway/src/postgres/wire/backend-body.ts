import { Body, Malformed } from "./body.ts";

/** What a body says; null where it is not of the form of its message. */
function read<T>(bytes: Buffer, reading: (body: Body) => T): T | null {
  try {
    const body = new Body(bytes);
    const value = reading(body);
    body.end();
    return value;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** State of the transaction, as ReadyForQuery tells it: none, in a block, in a block that failed. */
export type TransactionStatus = "I" | "T" | "E";

export function readReady(bytes: Buffer): TransactionStatus | null {
  const status = bytes.length === 1 ? bytes.toString("latin1") : "";
  return status === "I" || status === "T" || status === "E" ? status : null;
}

export function readParameterStatus(bytes: Buffer): { readonly name: string; readonly value: string } | null {
  return read(bytes, (body) => ({ name: body.name(), value: body.text() }));
}

export function readBackendKey(bytes: Buffer): { readonly pid: number; readonly key: Buffer } | null {
  return read(bytes, (body) => ({ pid: body.int32(), key: body.bytes(body.left) }));
}

export function readCommandTag(bytes: Buffer): string | null {
  return read(bytes, (body) => body.text());
}

/** Fields of an error or a notice by their codes: `C` is the SQLSTATE, `M` the message. */
export function readFields(bytes: Buffer): ReadonlyMap<string, string> | null {
  return read(bytes, (body) => {
    const fields = new Map<string, string>();
    for (let code = body.uint8(); code !== 0; code = body.uint8()) fields.set(String.fromCharCode(code), body.text());
    return fields;
  });
}

/** Kind of an authentication message (0 is "ok"), and what it carries. */
export function readAuthentication(bytes: Buffer): { readonly kind: number; readonly data: Buffer } | null {
  return read(bytes, (body) => ({ kind: body.int32(), data: body.bytes(body.left) }));
}

/** Names of mechanisms of SASL that a server offers. */
export function readMechanisms(bytes: Buffer): readonly string[] | null {
  return read(bytes, (body) => {
    const names: string[] = [];
    for (let name = body.name(); name !== ""; name = body.name()) names.push(name);
    return names;
  });
}
