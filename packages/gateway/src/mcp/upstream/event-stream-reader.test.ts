import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventStreamReader } from "./event-stream-reader.ts";

function read(chunks: readonly Buffer[], maxBytes = 10_000): { messages: string[]; ok: boolean } {
  const messages: string[] = [];
  const reader = new EventStreamReader(maxBytes, (data) => messages.push(data.toString("utf8")));
  const ok = chunks.every((chunk) => reader.feed(chunk));
  return { messages, ok };
}
const feed = (text: string): string[] => read([Buffer.from(text)]).messages;

describe("EventStreamReader", () => {
  it("gives the same messages however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.json()), fc.integer({ min: 1, max: 40 }), (values, size) => {
        const raw = Buffer.from(
          values.map((value) => `event: message\r\nid: 7\ndata: ${value}\n\n`).join(": beat\n\n"),
        );
        const chunks = Array.from({ length: Math.ceil(raw.length / size) }, (_, i) =>
          raw.subarray(i * size, (i + 1) * size),
        );
        expect(read(chunks).messages).toEqual(values);
      }),
    );
  });

  it("joins the data lines of an event", () => {
    expect(feed('data: {"a":\ndata:1}\n\n')).toEqual(['{"a":\n1}']);
  });

  it("passes over comments, empty events, other types and what was never ended", () => {
    expect(feed(": hi\n\nevent: ping\ndata: 1\n\nid: 4\ndata:\n\nretry: 5\n\ndata: 2\n\ndata: 3\n")).toEqual(["2"]);
  });

  it("keeps what it takes to resume: the identifier of the last whole event, and the wait", () => {
    const reader = new EventStreamReader(1000, () => undefined);
    expect([reader.lastId, reader.retryMs]).toEqual(["", null]);
    reader.feed(Buffer.from("retry: 1500\nid: a-1\ndata:\n\nid: a-2\ndata: 1\n"));
    expect([reader.lastId, reader.retryMs]).toEqual(["a-1", 1500]);
    reader.feed(Buffer.from("\nid: a b\nretry: soon\ndata: 1\n\n"));
    expect([reader.lastId, reader.retryMs]).toEqual(["a-2", 1500]);
  });

  it("refuses an event beyond its bound, in one line or in many", () => {
    expect(read([Buffer.from(`data: ${"x".repeat(40)}`)], 30).ok).toBe(false);
    expect(read([Buffer.from("data: 1234567890\n".repeat(4))], 30).ok).toBe(false);
  });
});
