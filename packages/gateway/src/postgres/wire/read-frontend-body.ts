import { Body, Malformed } from "./body.ts";
import type { BindMessage, FrontendMessage, Named, ParseMessage } from "./frontend-message.ts";

/** Reads the body of one message of a client. @throws Malformed */
export function readFrontendBody(code: number, bytes: Buffer): FrontendMessage {
  const body = new Body(bytes);
  const message = read(code, body);
  body.end();
  return message;
}

function read(code: number, body: Body): FrontendMessage {
  switch (String.fromCharCode(code)) {
    case "Q":
      return { type: "query", sql: body.text() };
    case "P":
      return readParse(body);
    case "B":
      return readBind(body);
    case "D":
      return { type: "describe", of: readNamed(body), name: body.name() };
    case "E":
      return { type: "execute", portal: body.name(), limit: Math.max(0, body.int32()) };
    case "C":
      return { type: "close", of: readNamed(body), name: body.name() };
    case "F":
      body.bytes(body.left);
      return { type: "functionCall" };
    case "f":
      return { type: "copyFail", reason: body.text() };
    default:
      return empty(code);
  }
}

function empty(code: number): FrontendMessage {
  switch (String.fromCharCode(code)) {
    case "H":
      return { type: "flush" };
    case "S":
      return { type: "sync" };
    case "X":
      return { type: "terminate" };
    case "c":
      return { type: "copyDone" };
    default:
      throw new Malformed("a message is of no known type");
  }
}

function readNamed(body: Body): Named {
  const of = String.fromCharCode(body.uint8());
  if (of !== "S" && of !== "P") throw new Malformed("neither a statement nor a portal is named");
  return of;
}

function readParse(body: Body): ParseMessage {
  const name = body.name();
  const sql = body.text();
  const types = listOf(body.count(), () => body.int32() >>> 0);
  return { type: "parse", name, sql, types };
}

function readBind(body: Body): BindMessage {
  const portal = body.name();
  const statement = body.name();
  const formats = readFormats(body);
  const parameters = listOf(body.count(), () => readParameter(body));
  if (formats.length > 1 && formats.length !== parameters.length)
    throw new Malformed("there are not as many formats as parameters");
  return { type: "bind", portal, statement, formats, parameters, resultFormats: readFormats(body) };
}

function readParameter(body: Body): Buffer | null {
  const sizeBytes = body.int32();
  if (sizeBytes === -1) return null;
  return body.bytes(sizeBytes);
}

function readFormats(body: Body): readonly number[] {
  return listOf(body.count(), () => {
    const format = body.count();
    if (format > 1) throw new Malformed("a format is neither text nor binary");
    return format;
  });
}

/** As many as a count says; it stops where the bytes stop, so that a count alone takes no memory. */
function listOf<T>(count: number, next: () => T): readonly T[] {
  const list: T[] = [];
  for (let at = 0; at < count; at += 1) list.push(next());
  return list;
}
