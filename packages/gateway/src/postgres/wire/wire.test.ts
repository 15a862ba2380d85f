import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackendEvent, BackendReader } from "./backend-reader.ts";
import { readFields, readReady } from "./backend-body.ts";
import { writeError, writeReady } from "./backend-writer.ts";
import type { FrontendMessage } from "./frontend-message.ts";
import { FrontendReader } from "./frontend-reader.ts";
import {
  COPY_DONE,
  FLUSH,
  SYNC,
  TERMINATE,
  writeBind,
  writeCancelRequest,
  writeClose,
  writeCopyFail,
  writeDescribe,
  writeExecute,
  writeParse,
  writeQuery,
  writeStartup,
} from "./frontend-writer.ts";
import { message } from "./message-writer.ts";
import { STARTUP_BYTES, readStartup } from "./startup-packet.ts";

const LIMIT = 64 * 1024;

/** Everything that a reader makes of bytes that arrive in these pieces. */
function readAll(pieces: readonly Buffer[]): FrontendMessage[] {
  const reader = new FrontendReader(() => LIMIT);
  const messages: FrontendMessage[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.next(); next !== null; next = reader.next()) messages.push(next);
  }
  return messages;
}

/** The same bytes, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return at.slice(1).map((end, n) => bytes.subarray(at[n] ?? 0, end));
}

const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.replaceAll("\0", ""));
const format = fc.constantFrom(0, 1);
const parameter = fc.option(
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
);
const named = fc.constantFrom("S" as const, "P" as const);
const written = fc.oneof(
  text.map((sql) => ({ bytes: writeQuery(sql), message: { type: "query", sql } })),
  fc
    .record({ name: text, sql: text, types: fc.array(fc.nat(), { maxLength: 5 }) })
    .map((parts) => ({ bytes: writeParse(parts), message: { type: "parse", ...parts } })),
  fc
    .record({ portal: text, statement: text, parameters: fc.array(parameter, { maxLength: 5 }) })
    .chain((parts) =>
      fc
        .record({
          formats: fc.oneof(
            fc.constant([]),
            format.map((one) => [one]),
            fc.array(format, { minLength: parts.parameters.length, maxLength: parts.parameters.length }),
          ),
          resultFormats: fc.array(format, { maxLength: 4 }),
        })
        .map((formats) => ({ ...parts, ...formats })),
    )
    .map((parts) => ({ bytes: writeBind(parts), message: { type: "bind", ...parts } })),
  fc
    .tuple(named, text)
    .map(([of, name]) => ({ bytes: writeDescribe(of, name), message: { type: "describe", of, name } })),
  fc.tuple(named, text).map(([of, name]) => ({ bytes: writeClose(of, name), message: { type: "close", of, name } })),
  fc
    .tuple(text, fc.nat())
    .map(([portal, limit]) => ({ bytes: writeExecute(portal, limit), message: { type: "execute", portal, limit } })),
  text.map((reason) => ({ bytes: writeCopyFail(reason), message: { type: "copyFail", reason } })),
  fc.constant({ bytes: SYNC, message: { type: "sync" } }),
  fc.constant({ bytes: FLUSH, message: { type: "flush" } }),
  fc.constant({ bytes: COPY_DONE, message: { type: "copyDone" } }),
  fc.constant({ bytes: TERMINATE, message: { type: "terminate" } }),
);

describe("messages of a client", () => {
  it("are read as they were written, wherever they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (all, places) => {
          const bytes = Buffer.concat(all.map((one) => one.bytes));
          expect(readAll(cut(bytes, places))).toEqual(all.map((one) => one.message));
        },
      ),
    );
  });

  it("are read byte by byte, as one that is long, in time that grows with their length alone", () => {
    const sql = `SELECT '${"x".repeat(LIMIT - 100)}'`;
    const bytes = writeQuery(sql);
    expect(readAll(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual([{ type: "query", sql }]);
  });

  it("are none when they are cut short, and malformed when their length lies", () => {
    fc.assert(
      fc.property(written, fc.nat(), (one, place) => {
        const short = one.bytes.subarray(0, place % one.bytes.length);
        expect(readAll([short])).toEqual([]);
      }),
    );
    fc.assert(
      fc.property(written, fc.integer(), (one, length) => {
        const bytes = Buffer.from(one.bytes);
        fc.pre(length !== bytes.readInt32BE(1));
        bytes.writeInt32BE(length, 1);
        const [first] = readAll([bytes, Buffer.alloc(64)]);
        // Nothing that was not said is understood, unless a shorter or longer message of that type is one by itself.
        const isLie = length < 4 || length > LIMIT + 65_536;
        expect(isLie && first?.type !== "malformed").toBe(false);
      }),
    );
  });

  it("never throw and never wait for more than is bounded, whatever bytes they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(), { maxLength: 5 }), (noise, places) => {
        const messages = readAll(cut(Buffer.from(noise), places));
        const end = messages.findIndex(({ type }) => type === "malformed");
        expect(end === -1 || end === messages.length - 1).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("never read as something else when a byte is changed: what is understood is what stands there", () => {
    fc.assert(
      fc.property(written, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, place, change) => {
        const bytes = Buffer.from(one.bytes);
        const at = 5 + (place % Math.max(1, bytes.length - 5));
        fc.pre(at < bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        const [first] = readAll([bytes]);
        if (first === undefined || first.type === "malformed") return;
        // Every limit below one is none.
        if (first.type === "execute" && first.limit === 0) return;
        expect(rewritten(first as Telling)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["a code that there is not", message("!")],
    ["a text without its end", message("Q", Buffer.from("SELECT 1"))],
    ["more behind a text", message("Q", Buffer.from("SELECT 1\0x\0"))],
    ["what is not UTF-8", message("Q", Buffer.from([0xff, 0]))],
    ["a surrogate", message("Q", Buffer.from([0xed, 0xa0, 0x80, 0]))],
    ["a Sync that says something", message("S", Buffer.from("x"))],
    ["a parameter of a negative size", message("B", Buffer.from([0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 0]))],
    ["formats for other parameters", message("B", Buffer.from([0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]))],
    ["a format that there is not", message("B", Buffer.from([0, 0, 0, 1, 0, 2, 0, 0, 0, 0]))],
    ["more parameters than bytes", message("B", Buffer.from([0, 0, 0, 0, 0xff, 0xff]))],
    ["neither statement nor portal", message("D", Buffer.from("X\0"))],
    ["a name that is too long", writeDescribe("S", "x".repeat(2000))],
    ["more SQL than there may be", Buffer.concat([Buffer.from("Q"), Buffer.from([0x7f, 0xff, 0xff, 0xff])])],
  ])("are malformed with %s", (_, bytes) => {
    expect(readAll([bytes, SYNC])).toEqual([{ type: "malformed", reason: expect.any(String) }]);
  });

  it("pass rows of a COPY as they come, whole and in pieces", () => {
    const rows = [randomBytes(10), randomBytes(0), randomBytes(200_000), randomBytes(3)].map((row) =>
      message("d", row),
    );
    const bytes = Buffer.concat([...rows, COPY_DONE]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (places) => {
        const messages = readAll(cut(bytes, places));
        expect(messages.at(-1)).toEqual({ type: "copyDone" });
        const data = messages.flatMap((one) => (one.type === "copyData" ? [one.bytes] : []));
        expect(Buffer.concat(data).equals(Buffer.concat(rows))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

/** Those of a client that say something. */
type Telling = Exclude<
  FrontendMessage,
  { type: "malformed" | "copyData" | "copyDone" | "flush" | "functionCall" | "sync" | "terminate" }
>;

function rewritten(read: Telling): Buffer {
  switch (read.type) {
    case "query":
      return writeQuery(read.sql);
    case "parse":
      return writeParse(read);
    case "bind":
      return writeBind(read);
    case "describe":
      return writeDescribe(read.of, read.name);
    case "close":
      return writeClose(read.of, read.name);
    case "execute":
      return writeExecute(read.portal, read.limit);
    case "copyFail":
      return writeCopyFail(read.reason);
    default:
      return read satisfies never;
  }
}

describe("what a server sends", () => {
  const sent = Buffer.concat([
    message("T", randomBytes(30)),
    message("D", randomBytes(20)),
    message("D", randomBytes(300_000)),
    message("D", randomBytes(5)),
    message("C", Buffer.from("SELECT 3\0")),
    writeReady("T"),
  ]);
  const events = (pieces: readonly Buffer[]): BackendEvent[] => {
    const reader = new BackendReader();
    const all: BackendEvent[] = [];
    for (const piece of pieces) {
      reader.push(piece);
      for (let next = reader.next(); next !== null; next = reader.next()) all.push(next);
    }
    return all;
  };

  it("comes out byte for byte and row for row, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (places) => {
        const all = events(cut(sent, places));
        expect(Buffer.concat(all.flatMap((one) => (one.type === "malformed" ? [] : [one.bytes]))).equals(sent)).toBe(
          true,
        );
        const counts = all.map((one) => (one.type === "rows" ? one.count : one.type === "piece" && one.last ? 1 : 0));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
      }),
      { numRuns: 100 },
    );
  });

  it("is malformed when it is no protocol, and nothing is read after it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const all = events([Buffer.from(noise)]);
        const end = all.findIndex(({ type }) => type === "malformed");
        expect(end === -1 || end === all.length - 1).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(events([Buffer.from([0x5a, 0, 0, 0, 3]), writeReady("I")])).toEqual([
      { type: "malformed", reason: expect.any(String) },
    ]);
  });

  it("is read in its parts, or not at all", () => {
    const error = writeError({ severity: "ERROR", sqlState: "42501", message: "no\0thing", detail: "{}" });
    expect(Object.fromEntries(readFields(error.subarray(5)) ?? [])).toMatchObject({
      C: "42501",
      M: "no\uFFFDthing",
      D: "{}",
    });
    for (let size = 0; size < error.length - 5; size += 1) expect(readFields(error.subarray(5, 5 + size))).toBeNull();
    expect(readReady(Buffer.from("X"))).toBeNull();
    expect(readReady(Buffer.from("II"))).toBeNull();
  });
});

describe("the packet with which a client begins", () => {
  const packet = writeStartup({ user: "me", database: "billing" });

  it("is read whole, and of two only the first", () => {
    const read = readStartup(Buffer.concat([packet, SYNC]));
    expect(read).toMatchObject({ sizeBytes: packet.length, packet: { type: "startup", minor: 0 } });
    expect(readStartup(writeCancelRequest(7, Buffer.alloc(16, 1)))?.packet).toEqual({
      type: "cancel",
      pid: 7,
      key: Buffer.alloc(16, 1),
    });
    for (let size = 0; size < packet.length; size += 1) expect(readStartup(packet.subarray(0, size))).toBeNull();
  });

  it.each([
    ["too long", Buffer.from([0, 0, 0x27, 0x11, 0, 3, 0, 0])],
    ["too short", Buffer.from([0, 0, 0, 7, 0, 3, 0])],
    ["of another protocol", Buffer.from([0, 0, 0, 9, 0, 2, 0, 0, 0])],
    ["without its end", Buffer.from([0, 0, 0, 13, 0, 3, 0, 0, 0x61, 0, 0x62, 0x63, 0x64])],
    ["a parameter twice", twice()],
    ["a key that is none", writeCancelRequest(7, Buffer.alloc(3))],
    ["a question that says more", Buffer.from([0, 0, 0, 9, 4, 0xd2, 0x16, 0x2f, 0])],
  ])("is refused when it is %s", (_, bytes) => {
    expect(readStartup(bytes)?.packet).toMatchObject({ type: "malformed" });
  });

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.concat([Buffer.from([0, 0, 0]), Buffer.from(noise)]);
        const read = readStartup(bytes);
        expect(read === null || read.sizeBytes <= STARTUP_BYTES).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

function twice(): Buffer {
  const pair = Buffer.from("user\0me\0");
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), pair, pair, Buffer.of(0)]);
  const head = Buffer.alloc(4);
  head.writeInt32BE(4 + body.length);
  return Buffer.concat([head, body]);
}
