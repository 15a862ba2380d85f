import type { BindMessage, Named, ParseMessage } from "./frontend-message.ts";
import { int16List, int32, int32List, message, startMessage, text, uint8 } from "./message-writer.ts";

/** What the gateway says to the server: written anew from what was parsed. */
export const SYNC: Buffer = message("S");
export const FLUSH: Buffer = message("H");
export const TERMINATE: Buffer = message("X");
export const COPY_DONE: Buffer = message("c");

/** Codes that stand where a version would (protocol 3, "Message Formats"). */
export const SSL_REQUEST_CODE = 80_877_103;
export const GSS_REQUEST_CODE = 80_877_104;
export const CANCEL_REQUEST_CODE = 80_877_102;
export const SSL_REQUEST: Buffer = startMessage(int32(SSL_REQUEST_CODE));
const VERSION_3_0 = 0x0003_0000;

export function writeQuery(sql: string): Buffer {
  return message("Q", text(sql));
}

export function writeParse({ name, sql, types }: Omit<ParseMessage, "type">): Buffer {
  return message("P", text(name), text(sql), int32List(types));
}

export function writeBind(bind: Omit<BindMessage, "type">): Buffer {
  const { portal, statement, formats, parameters, resultFormats } = bind;
  const count = Buffer.allocUnsafe(2);
  count.writeUInt16BE(parameters.length, 0);
  const values = parameters.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value]));
  return message("B", text(portal), text(statement), int16List(formats), count, ...values, int16List(resultFormats));
}

export function writeDescribe(of: Named, name: string): Buffer {
  return message("D", uint8(of.charCodeAt(0)), text(name));
}
export function writeClose(of: Named, name: string): Buffer {
  return message("C", uint8(of.charCodeAt(0)), text(name));
}
export function writeExecute(portal: string, limit: number): Buffer {
  return message("E", text(portal), int32(limit));
}
export function writeCopyFail(reason: string): Buffer {
  return message("f", text(reason));
}

/** The start-up packet of protocol 3.0. */
export function writeStartup(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [text(name), text(value)]);
  return startMessage(int32(VERSION_3_0), ...pairs, uint8(0));
}
export function writeCancelRequest(pid: number, key: Buffer): Buffer {
  return startMessage(int32(CANCEL_REQUEST_CODE), int32(pid), key);
}

export function writeSaslInitial(mechanism: string, response: Buffer): Buffer {
  return message("p", text(mechanism), int32(response.length), response);
}
export function writeSaslResponse(response: Buffer): Buffer {
  return message("p", response);
}
