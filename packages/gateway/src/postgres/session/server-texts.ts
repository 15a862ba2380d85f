import type { Rows, Texts } from "../preview/index.ts";
import {
  type BackendEvent,
  SYNC,
  readCommandTag,
  readFields,
  writeBind,
  writeClose,
  writeExecute,
  writeParse,
} from "../wire/index.ts";
import type { ServerSide } from "./server-side.ts";

/** Rows that are kept of one answer, in bytes. */
const MOST_BYTES = 256 * 1024 * 1024;
const ROW_HEAD_BYTES = 7;

/**
 * The session's own connection for texts of the gateway's own. They go under a name that no client gives, so that what the client has prepared
 * without a name is still there afterwards.
 */
export function serverTexts(server: ServerSide, name: string): Texts {
  const bind = { portal: "", statement: name, formats: [], parameters: [], resultFormats: [] };
  return {
    async text(sql) {
      const parts = [
        // An answer that failed has left it behind.
        writeClose("S", name),
        writeParse({ name, sql, types: [] }),
        writeBind(bind),
        writeExecute("", 0),
        SYNC,
      ];
      const events = await server.ask(Buffer.concat(parts), ["close", "parse", "bind", "execute", "sync"]);
      if (events === null) throw new Error("the connection to the server was lost");
      return rowsOf(events);
    },
  };
}

function rowsOf(events: readonly BackendEvent[]): Rows {
  const rows: (string | null)[][] = [];
  let tag = "";
  let left = MOST_BYTES;
  let piece: Buffer[] = [];
  for (const event of events) {
    if (event.type === "malformed") throw new Error("the server sent what is not the protocol");
    left -= event.bytes.length;
    if (left < 0) throw new Error("the answer is too large");
    if (event.type === "rows") rows.push(...readRows(event.bytes));
    else if (event.type === "piece") {
      piece.push(event.bytes);
      if (event.last) rows.push(...readRows(Buffer.concat(piece.splice(0))));
      piece = event.last ? [] : piece;
    } else if (event.code === "C".charCodeAt(0)) tag = readCommandTag(event.body) ?? "";
    else if (event.code === "E".charCodeAt(0)) throw refusalOf(event.body);
  }
  return { rows, tag };
}

/** What the server refused, with its SQLSTATE as `code`. */
function refusalOf(body: Buffer): Error {
  const fields = readFields(body);
  return Object.assign(new Error(fields?.get("M") ?? "the server refused"), { code: fields?.get("C") ?? "XX000" });
}

function readRows(bytes: Buffer): (string | null)[][] {
  const rows: (string | null)[][] = [];
  for (let at = 0; at + ROW_HEAD_BYTES <= bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    rows.push(readRow(bytes.subarray(at + ROW_HEAD_BYTES, end), bytes.readUInt16BE(at + 5)));
    at = end;
  }
  return rows;
}

function readRow(bytes: Buffer, columns: number): (string | null)[] {
  const row: (string | null)[] = [];
  let at = 0;
  for (let column = 0; column < columns; column += 1) {
    const sizeBytes = bytes.readInt32BE(at);
    at += 4;
    row.push(sizeBytes < 0 ? null : bytes.toString("utf8", at, at + sizeBytes));
    at += Math.max(0, sizeBytes);
  }
  return row;
}
