import type { TransactionStatus } from "./backend-body.ts";
import { int32, message, text, uint8 } from "./message-writer.ts";

/** What the gateway itself says to the client. */
export const AUTHENTICATION_OK: Buffer = message("R", int32(0));

const READY: Readonly<Record<TransactionStatus, Buffer>> = {
  I: message("Z", Buffer.from("I")),
  T: message("Z", Buffer.from("T")),
  E: message("Z", Buffer.from("E")),
};
export function writeReady(status: TransactionStatus): Buffer {
  return READY[status];
}

export interface ErrorFields {
  readonly severity: "ERROR" | "FATAL";
  readonly sqlState: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Counted in characters from 1. */
  readonly position?: number;
}
export function writeError(error: ErrorFields): Buffer {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["S", error.severity],
    ["V", error.severity],
    ["C", error.sqlState],
    ["M", error.message],
    ["D", error.detail],
    ["H", error.hint],
    ["P", error.position?.toString()],
  ];
  const said = fields.flatMap(([code, value]) => (value === undefined ? [] : [Buffer.from(code), text(clean(value))]));
  return message("E", ...said, uint8(0));
}

/** A text of the protocol ends at its first zero byte. */
function clean(value: string): string {
  return value.replaceAll("\0", "\uFFFD");
}

export function writeParameterStatus(name: string, value: string): Buffer {
  return message("S", text(name), text(value));
}
export function writeBackendKey(pid: number, key: Buffer): Buffer {
  return message("K", int32(pid), key);
}
/** The newest minor version that is spoken here, and the options that are not known. */
export function writeNegotiation(minor: number, unknown: readonly string[]): Buffer {
  return message("v", int32(minor), int32(unknown.length), ...unknown.map(text));
}
