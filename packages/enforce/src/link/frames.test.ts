import { readFileSync } from "node:fs";
import type { Json } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader, POINT_PREAMBLE, frameOf } from "./frames.ts";
import { readPointMessage, readServerMessage } from "./messages.ts";

interface Vectors {
  readonly preamble: string;
  readonly messages: readonly { readonly from: "point" | "server"; readonly message: Json; readonly frame: string }[];
  readonly malformed: readonly { readonly from: "point" | "server"; readonly what: string; readonly text: string }[];
}
const vectors = JSON.parse(readFileSync(new URL("../../testdata/link.json", import.meta.url), "utf8")) as Vectors;
const readers = { point: readPointMessage, server: readServerMessage };

describe("vectors of the link", () => {
  it("begin with the preamble", () => {
    expect(Buffer.from(POINT_PREAMBLE).toString("hex")).toBe(vectors.preamble);
  });

  it.each(vectors.messages)("$from: $message", ({ from, message, frame }) => {
    const [read] = new FrameReader(10_000).push(Buffer.from(frame, "hex"));
    const said = JSON.parse(read?.toString("utf8") ?? "") as Json;
    expect(said).toEqual(message);
    expect(readers[from](said)).toMatchObject({ kind: expect.any(String) });
    expect(Buffer.concat(frameOf(Buffer.from(JSON.stringify(message)))).toString("hex")).toBe(frame);
  });

  it.each(vectors.malformed)("$from, malformed: $what, $text", ({ from, text }) => {
    expect(() => readers[from](JSON.parse(text) as Json)).toThrow(expect.objectContaining({ code: "link.malformed" }));
  });
});

describe("frames", () => {
  it("come out as they went in, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 50 }),
        (bodies, cuts) => {
          const bytes = Buffer.concat(bodies.flatMap((body) => frameOf(Buffer.from(body))));
          const reader = new FrameReader(300);
          const read: Buffer[] = [];
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const length = cuts[n % cuts.length] ?? 1;
            read.push(...reader.push(bytes.subarray(at, at + length)));
            at += length;
          }
          expect(read.map((one) => one.toString("hex"))).toEqual(bodies.map((one) => Buffer.from(one).toString("hex")));
        },
      ),
    );
  });

  it("are bounded, and never empty, before their bytes are there", () => {
    for (const head of ["00000000", "0000012d", "ffffffff"])
      expect(() => new FrameReader(300).push(Buffer.from(head, "hex"))).toThrow(
        expect.objectContaining({ code: "link.malformed" }),
      );
    expect(new FrameReader(300).push(Buffer.from("0000012c", "hex"))).toEqual([]);
  });

  it("that come byte by byte cost no more than their bytes", () => {
    const reader = new FrameReader(20_000);
    const bytes = Buffer.concat(frameOf(Buffer.alloc(20_000, 7)));
    const read: Buffer[] = [];
    for (const byte of bytes) read.push(...reader.push(Buffer.from([byte])));
    expect(read).toEqual([Buffer.alloc(20_000, 7)]);
  });
});
