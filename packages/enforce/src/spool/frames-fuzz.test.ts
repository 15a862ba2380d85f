import { randomBytes } from "node:crypto";
import { newId } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBlock, readBlock } from "./block.ts";
import { chain, hashAfter, printFrame, printHeader, readFrame, readHeader, textOf } from "./frame.ts";
import { type ScanContext, scanSegment } from "./scan-segment.ts";
import { SpooledActions, random } from "./testing/spooled-actions.ts";

const point = newId("ep", Date.now(), random);
const act = new SpooledActions();
const context: ScanContext = { point, after: null, last: true, durable: 0 };

/** A segment of whole frames, written in groups: `synced` is what was durable when each was written. */
function segment(groups: readonly number[]): { bytes: Buffer; ends: number[]; hashes: string[] } {
  let prev = textOf(chain.begin({ point, spool: "s" }));
  const parts = [encodeBlock(printHeader({ point, spool: "s", from: 1, prev, open: [] }))];
  const ends: number[] = [];
  const hashes: string[] = [];
  let seq = 0;
  for (const count of groups) {
    const synced = seq;
    for (let i = 0; i < count; i += 1) {
      seq += 1;
      const { entries } = seq % 2 === 0 ? act.read({ n: seq }) : act.refusal();
      parts.push(encodeBlock(printFrame({ seq, prev, entries })(synced)));
      prev = textOf(hashAfter(Buffer.from(prev, "base64url"), seq, entries));
      hashes.push(prev);
      ends.push(parts.reduce((sum, { length }) => sum + length, 0));
    }
  }
  return { bytes: Buffer.concat(parts), ends, hashes };
}

describe("frames from anywhere", () => {
  it("never throw, whatever bytes they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, framed) => {
        const given = framed ? encodeBlock(Buffer.from(bytes).toString("latin1")) : Buffer.from(bytes);
        const block = readBlock(given, 0);
        if (block.ok) readHeader(block.body);
        if (block.ok) readFrame(block.body);
        expect(scanSegment(given, context).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it("never throw when any JSON stands where a frame should", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, member) => {
        for (const one of [
          value,
          { entries: value, prev: member, seq: 1, synced: 0 },
          { from: 1, open: value, point, prev: member, spool: "s", v: 1 },
        ]) {
          const body = Buffer.from(JSON.stringify(one));
          expect(readFrame(body)).toBeNull();
          expect(readHeader(body)).toBeNull();
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("print what they read", () => {
    const { entries } = act.read();
    const prev = textOf(chain.begin({ point, spool: "s" }));
    const text = printFrame({ seq: 7, prev, entries, disclosure: "box" })(3);
    expect(readFrame(Buffer.from(text))).toEqual({ seq: 7, prev, entries, disclosure: "box", synced: 3 });
    expect(readFrame(Buffer.from(text.replace('"synced":3', '"synced":7')))).toBeNull();
  });
});

describe("a segment that was cut at any byte", () => {
  const { bytes, ends, hashes } = segment([1, 2, 1]);

  it("gives the whole frames before the cut, and no other", () => {
    for (let end = 0; end < bytes.length; end += 1) {
      const scanned = scanSegment(bytes.subarray(0, end), context);
      const whole = ends.filter((at) => at <= end).length;
      const read = scanned.ok ? scanned.frames.map(({ hash }) => hash) : [];
      expect(read).toEqual(hashes.slice(0, whole));
      expect(scanned.ok ? scanned.end : 0).toBeLessThanOrEqual(end);
    }
  });

  it("is refused when what was cut off had been durable", () => {
    for (let end = 0; end < bytes.length; end += 7)
      expect(scanSegment(bytes.subarray(0, end), { ...context, durable: 4 }).ok).toBe(false);
    for (let end = 0; end < bytes.length; end += 7)
      expect(scanSegment(bytes.subarray(0, end), { ...context, last: false }).ok).toBe(ends.includes(end));
  });
});

describe("a segment with changed bytes", () => {
  it("gives only frames that were written, in their order, and is refused when a later frame knew the changed one to be durable", () => {
    const { bytes, ends, hashes } = segment([1, 2, 3]);
    const [headerEnd = 0] = [readBlock(bytes, 0)].map((block) => (block.ok ? block.end : 0));
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = changed[at]! ^ flip;
        const scanned = scanSegment(changed, context);
        // Frames 4 to 6 are of the last group: they may be torn. All before were known to be durable when that was written.
        const hit = ends.findIndex((end) => at < end) + 1;
        const whole = at < headerEnd || hit < 4 ? null : hashes.slice(0, hit - 1);
        expect(scanned.ok ? scanned.frames.map(({ hash }) => hash) : null).toEqual(whole);
      }),
      { numRuns: 1500 },
    );
  });

  it("gives no frame that stands elsewhere than it was written: exchanged, repeated, left out", () => {
    const { bytes, ends } = segment([1, 1, 1]);
    const [a = 0, b = 0, c = 0] = ends;
    const first = readBlock(bytes, 0);
    const header = bytes.subarray(0, first.ok ? first.end : 0);
    const [one, two, three] = [bytes.subarray(header.length, a), bytes.subarray(a, b), bytes.subarray(b, c)];
    for (const order of [[two], [one, three], [one, one], [two, one], [one, three, two], [one, two, two]])
      expect(scanSegment(Buffer.concat([header, ...order]), context).ok).toBe(false);
    expect(scanSegment(Buffer.concat([header, one, two, three]), context).ok).toBe(true);
  });

  it("is read in time that grows with its length, however hostile its tail is", () => {
    const { bytes } = segment([1]);
    const tail = Buffer.concat(
      Array.from({ length: 20_000 }, () => Buffer.from([0xc5, 0xf1, 0, 1, 0, 0x7f, 0xff, 0xff])),
    );
    expect(scanSegment(Buffer.concat([bytes, tail]), context).ok).toBe(false);
    expect(scanSegment(Buffer.concat([bytes, randomBytes(1_000_000)]), context).ok).toBe(true);
  });
});
