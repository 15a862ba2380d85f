import type { TLSSocket } from "node:tls";
import { type Json, type JsonObject, newId } from "@countersign/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JoinedPoint, LinkBench, frame, framesOf, hello, random } from "./testing/link-bench.ts";

let bench: LinkBench;
let point: JoinedPoint;
beforeAll(async () => {
  bench = new LinkBench();
  // What ends a link here is not silence.
  bench.lease = { seconds: 600, marginMs: 500 };
  await bench.open();
  point = await bench.join("edge");
});
afterAll(async () => await bench.close());

/** Joins on a link of its own, says these bytes, and answers what came until the server ended the link; null: it did not. */
async function ends(bytes: Buffer, before: readonly Json[] = []): Promise<JsonObject[] | null> {
  const socket = await bench.dial(point);
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.on("error", () => undefined);
  const closed = new Promise<true>((resolve) => socket.on("close", () => resolve(true)));
  socket.write(Buffer.concat([join(), ...before.map(frame), bytes]));
  const over = await Promise.race([closed, answeredPing(socket, parts)]);
  socket.destroy();
  return over === true ? framesOf(Buffer.concat(parts)) : null;
}

/** The link lives when it answers what comes after. */
async function answeredPing(socket: TLSSocket, parts: Buffer[]): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (!socket.destroyed && parts.length > 0) return false;
  return await new Promise(() => undefined);
}

function join(): Buffer {
  return frame({ id: 1, call: "join", body: hello(point.point) as unknown as JsonObject });
}
const entry = (more: JsonObject = {}): JsonObject => ({ ...(bench.entry() as unknown as JsonObject), ...more });
const record = (...entries: JsonObject[]): Json => ({ id: 2, call: "record", body: { point: point.point, entries } });
const none = { human: null, device: null, agent: null, task: null };

describe("a malformed message of a point ends its link", () => {
  it("and a good one does not", async () => {
    expect(await ends(frame({ id: 2, call: "ping", body: {} }))).toBeNull();
    expect(await ends(frame(record(entry({ chain: none }))))).toBeNull();
  });

  it.each<[string, () => Buffer]>([
    ["no JSON", () => Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from("abc")])],
    ["an empty frame", () => Buffer.from([0, 0, 0, 0])],
    ["a frame that is too long", () => Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["a number", () => frame(7)],
    ["a list", () => frame([])],
    ["no body", () => frame({ id: 2, call: "ping" })],
    ["no call", () => frame({ id: 2, body: {} })],
    ["a call that there is not", () => frame({ id: 2, call: "nothing", body: {} })],
    ["a call of the object itself", () => frame({ id: 2, call: "constructor", body: {} })],
    ["a key twice", () => raw('{"id":2,"id":2,"call":"ping","body":{}}')],
    ["a lone surrogate", () => raw(String.raw`{"id":2,"call":"ping","body":{"a":"\ud800"}}`)],
    ["too deep", () => raw(`{"id":2,"call":"ping","body":{"a":${"[".repeat(100)}${"]".repeat(100)}}}`)],
    ["a request repeated", () => frame({ id: 1, call: "ping", body: {} })],
    ["a request from the future", () => frame({ id: 3, call: "ping", body: {} })],
    ["a request that is not counted", () => frame({ id: "2", call: "ping", body: {} })],
    ["an acknowledgement of nothing", () => frame({ ack: 1, body: {} })],
    [
      "a renewal without its instance",
      () => frame({ id: 2, call: "renew", body: { point: point.point, applied: 0, clock: 1 } }),
    ],
    [
      "a member that there is not",
      () => frame({ id: 2, call: "learn", body: { point: point.point, task: "tsk_x", more: 1 } }),
    ],
    ["no entries", () => frame(record())],
    ["an entry of a kind that is not a point's", () => frame(record(entry({ kind: "admin", chain: none })))],
    ["an entry with records", () => frame(record(entry({ records: [] })))],
    [
      "two entries of one id",
      () => {
        const one = entry({ chain: none });
        return frame(record(one, one));
      },
    ],
    ["an entry of a chain that is half", () => frame(record(entry({ chain: { ...none, human: 7 } })))],
  ])("%s", async (_what, bytes) => {
    bench.control.asked.length = 0;
    const said = await ends(bytes());
    expect(said).not.toBeNull();
    expect(bench.control.asked.map(({ call }) => call).filter((call) => call !== "join")).toEqual([]);
  });

  it("an acknowledgement twice, of another version, and one from the future", async () => {
    const ack = (push: number, version: number): Buffer =>
      frame({ ack: push, body: { point: point.point, name: "edge", generation: 1, version, inFlight: [] } });
    for (const [bytes, isAcknowledged] of [
      [Buffer.concat([ack(1, 5), ack(1, 5)]), true],
      [ack(1, 4), false],
      [ack(2, 5), false],
      [
        frame({
          ack: 1,
          body: {
            point: point.point,
            name: "e",
            generation: 1,
            version: 5,
            inFlight: [{ intent: "x", disposition: "not_sent" }],
          },
        }),
        false,
      ],
    ] as const) {
      const socket = await bench.dial(point);
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.on("error", () => undefined);
      socket.once("data", () => {
        const [linked] = bench.points();
        outcome = linked?.push({ generation: 1, version: 5, records: [] });
        outcome?.catch(() => undefined);
        socket.write(bytes);
      });
      let outcome: Promise<unknown> | undefined;
      socket.write(join());
      await closed;
      expect(
        await outcome?.then(
          () => true,
          () => false,
        ),
      ).toBe(isAcknowledged);
    }
  });

  it("does not put words into a chain that a point makes up", async () => {
    const chain = {
      human: newId("hum", 1, random),
      device: newId("dev", 1, random),
      agent: newId("agt", 1, random),
      task: newId("tsk", 1, random),
    };
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    const draft = { ...bench.entry(), chain };
    await expect(remote.record({ point: point.point, entries: [draft] })).rejects.toMatchObject({
      code: "request.forbidden",
    });
    await expect(remote.heldCall(newId("apr", 1, random), chain)).rejects.toMatchObject({ code: "request.forbidden" });
    await expect(remote.severTask(chain, newId("brk", 1, random))).rejects.toMatchObject({ code: "request.forbidden" });
    await expect(
      remote.record({ point: point.point, entries: [{ ...draft, chain: { ...chain, task: null } }] }),
    ).rejects.toMatchObject({ code: "request.forbidden" });
    remote.close();
  });

  it("does not say how an action of another point ended", async () => {
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    const intent = newId("int", 1, random);
    const draft = { ...bench.entry(), kind: "action.intent", intent } as const;
    await bench.store.commit({ entries: [{ point: newId("ep", 1, random), draft }] });
    const outcome = { status: "ok", resultCommitment: null, bytes: 0 } as const;
    const ended = { ...bench.entry(), kind: "action.outcome", intent, outcome } as const;
    const said = remote.record({ point: point.point, entries: [ended] });
    await expect(said).rejects.toMatchObject({ code: "request.forbidden" });
    const beside = { ...draft, ...bench.entry(), kind: "action.intent", intent } as const;
    const both = remote.record({ point: point.point, entries: [beside, ended] });
    await expect(both).rejects.toMatchObject({ code: "request.forbidden" });
    remote.close();
  });

  it("whatever is said, the server goes on and what is said leaves no trace", async () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const message = fc.oneof(
      fc.record({
        id: fc.oneof(fc.constant(2), fc.integer()),
        call: fc.constantFrom("join", "renew", "learn", "record", "hold", "merge", "forget", "touch", "secret", "ack"),
        body: fc.oneof(
          value,
          fc.record({ point: fc.constant(point.point), entries: value, chain: value, task: value }),
        ),
      }),
      fc.record({ ack: fc.integer(), body: value }),
      value,
    );
    const bytes = fc.oneof(
      message.map((one) => frame((one ?? null) as Json)),
      fc.uint8Array({ maxLength: 200 }).map((one) => Buffer.from(one)),
      fc.uint8Array({ maxLength: 200 }).map((one) => raw(Buffer.from(one).toString("latin1"))),
    );
    bench.control.asked.length = 0;
    await fc.assert(
      fc.asyncProperty(bytes, async (said) => {
        const socket = await bench.dial(point);
        socket.on("error", () => undefined);
        socket.resume();
        const closed = new Promise((resolve) => socket.on("close", resolve));
        socket.end(Buffer.concat([join(), said]));
        await closed;
      }),
      { numRuns: 150 },
    );
    expect(bench.control.asked.filter(({ call }) => ["record", "hold", "merge", "severTask"].includes(call))).toEqual(
      [],
    );
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    remote.close();
  });
});

function raw(text: string): Buffer {
  const body = Buffer.from(text, "utf8");
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}
