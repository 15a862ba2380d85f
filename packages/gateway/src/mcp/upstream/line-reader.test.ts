import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineReader } from "./line-reader.ts";

const chunked = fc.array(fc.uint8Array({ maxLength: 20 }).map((part) => Buffer.from(part)));

describe("LineReader", () => {
  it("gives the same lines however the bytes are cut", () => {
    fc.assert(
      fc.property(chunked, (chunks) => {
        const lines: string[] = [];
        const reader = new LineReader(10_000, (line) => lines.push(line.toString("latin1")));
        for (const chunk of chunks) expect(reader.feed(chunk)).toBe(true);
        expect(lines).toEqual(Buffer.concat(chunks).toString("latin1").split("\n").slice(0, -1));
      }),
    );
  });

  it("refuses a line beyond its bound before it is whole", () => {
    const reader = new LineReader(10, () => undefined);
    expect(reader.feed(Buffer.from("1234567890"))).toBe(true);
    expect(reader.feed(Buffer.from("1"))).toBe(false);
  });
});
