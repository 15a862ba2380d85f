import { AppError, type Json, type JsonObject, NO_CHAIN, newId, problemOf } from "@countersign/core";
import type { RemoteControlPlane } from "@countersign/enforce";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type JoinedPoint, LinkBench, frame, framesOf, hello, random, renewal } from "./testing/link-bench.ts";

let bench: LinkBench;
let point: JoinedPoint;
beforeEach(async () => {
  bench = new LinkBench();
  await bench.open();
  point = await bench.join("edge");
});
afterEach(async () => await bench.close());

/** However busy the machine is. */
const PATIENT = 15_000;
const NOTHING = { generation: 1, version: 1, records: [] };
const WELCOME = { ...NOTHING, tokens: { issuer: "i", keys: [] } };

/** As an enforcement point does: joins, and again when it must. */
async function renews(remote: RemoteControlPlane): Promise<void> {
  try {
    await remote.renew(renewal(point.point));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "point.left") throw error;
    await remote.join(hello(point.point));
  }
}

/** A server that answers each request with what `answer` makes of it. */
async function rogue(answer: (request: JsonObject) => Json | Buffer | null): Promise<string> {
  return await bench.rogue((socket) => {
    let heard = Buffer.alloc(0);
    let answered = 0;
    socket.on("data", (part: Buffer) => {
      heard = Buffer.concat([heard, part]);
      for (const request of framesOf(heard).slice(answered)) {
        answered += 1;
        const said = answer(request);
        if (said !== null) socket.write(Buffer.isBuffer(said) ? said : frame(said));
      }
    });
  });
}

describe("a point on another machine", () => {
  it("goes on with another server when its own is gone", async () => {
    const first = bench.url;
    const stop = await bench.serve();
    let replaced = 0;
    const servers = [bench.url, first];
    const remote = bench.remote(point, { servers, onReplaced: () => (replaced += 1) });
    await remote.join(hello(point.point));
    expect(remote.server()).toBe(servers[0]);
    await stop();
    await renews(remote);
    expect(remote.server()).toBe(first);
    expect(replaced).toBe(1);
  });

  it("goes on with another server when its own falls silent without an error", async () => {
    const servers = [
      await rogue(({ id = null, call }) => (call === "join" ? { id, ok: true, body: WELCOME } : null)),
      bench.url,
    ];
    const remote = bench.remote(point, { servers });
    await remote.join(hello(point.point));
    expect(remote.server()).toBe(servers[0]);
    await renews(remote);
    expect(remote.server()).toBe(bench.url);
  });

  it("dials its only server again when that falls silent without an error", async () => {
    let links = 0;
    const url = await bench.rogue((socket) => {
      links += 1;
      const isFirst = links === 1;
      socket.once("data", () => {
        socket.write(frame({ id: 1, ok: true, body: WELCOME }));
        socket.on("data", () => (isFirst ? undefined : socket.destroy()));
      });
    });
    const remote = bench.remote(point, { servers: [url] });
    await remote.join(hello(point.point));
    await renews(remote);
    expect(links).toBe(2);
  });

  const problem = problemOf(new AppError("ledger.unavailable")) as unknown as JsonObject;
  it.each([
    ["does not answer", (): Json => null],
    ["says that its database is out of reach", (id: Json): Json => ({ id, ok: false, problem })],
  ])("goes on with another server when its own lives, cannot renew and %s", async (_name, answer) => {
    const servers = [
      await rogue(({ id = null, call }) =>
        call === "join" ? { id, ok: true, body: WELCOME } : call === "ping" ? { id, ok: true, body: null } : answer(id),
      ),
      bench.url,
    ];
    const remote = bench.remote(point, { servers });
    await remote.join(hello(point.point));
    // As a point does, again and again.
    await vi.waitFor(async () => await renews(remote), PATIENT);
    expect(remote.server()).toBe(bench.url);
  });

  it("joins at another server when its own lives and its database is out of reach", async () => {
    const own = await rogue(({ id = null, call }) =>
      call === "ping" ? { id, ok: true, body: null } : { id, ok: false, problem },
    );
    const remote = bench.remote(point, { servers: [own, bench.url] });
    await expect(remote.join(hello(point.point))).rejects.toMatchObject({ code: "ledger.unavailable" });
    await remote.join(hello(point.point));
    expect(remote.server()).toBe(bench.url);
  });

  it("waits for a server that comes back, and says meanwhile why there is none", async () => {
    const { port } = new URL(bench.url);
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    await bench.stop();
    await vi.waitFor(() => expect(remote.trouble()).toMatchObject({ code: "server.unreachable" }), PATIENT);
    expect(remote.server()).toBeNull();
    await expect(remote.renew(renewal(point.point))).rejects.toMatchObject({ code: "server.unreachable" });
    const pending = remote.brakeReason(newId("brk", Date.now(), random));
    await bench.serve({ port: Number(port) });
    await vi.waitFor(async () => await renews(remote), PATIENT);
    // What was asked while no server was there is answered by the one that came.
    expect(await pending).toBe("because");
  });

  it("records once what it asks again because the link broke before the answer", async () => {
    const { kernel } = bench.identities.get();
    const lost = await bench.rogue((socket) => {
      socket.once("data", () => {
        socket.write(frame({ id: 1, ok: true, body: WELCOME }));
        socket.once("data", () => socket.destroy());
      });
    });
    const servers = [lost, bench.url];
    const remote = bench.remote(point, { servers, onReplaced: () => void remote.join(hello(point.point)) });
    await remote.join(hello(point.point));
    const entries = [bench.entry()] as const;
    // As the control plane answers when the journal has an entry of this id.
    bench.control.answers.set("record", () => ({ ok: false, code: "countersignature.used" }));
    await kernel.store.commit({ entries: [{ point: point.point, draft: entries[0] }] });
    expect(await remote.record({ point: point.point, entries })).toEqual({ ok: true });
    // Nobody else's entry, and nothing that was not asked before.
    expect(await remote.record({ point: point.point, entries })).toMatchObject({ ok: false });
  });

  it("is not told that another point's entry is its own", async () => {
    const { kernel } = bench.identities.get();
    bench.control.answers.set("record", () => ({ ok: false, code: "countersignature.used" }));
    const entry = bench.entry();
    await kernel.store.commit({ entries: [{ point: newId("ep", 1, random), draft: entry }] });
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    const again = { point: point.point, entries: [entry], again: true } as never;
    expect(await remote.record(again)).toMatchObject({ ok: false });
  });

  it("bounds what is under way, and lets renewals pass by what waits", async () => {
    let asked = 0;
    const gate = Promise.withResolvers<string>();
    bench.control.answers.set("brakeReason", async () => {
      asked += 1;
      return await gate.promise;
    });
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    const all = Array.from({ length: 300 }, async () => await remote.brakeReason(newId("brk", 1, random)));
    await vi.waitFor(() => expect(asked).toBe(128), PATIENT);
    expect(await remote.renew(renewal(point.point))).toEqual(NOTHING);
    // What was sent before the renewal has arrived before it.
    expect(asked).toBe(128);
    gate.resolve("late");
    expect(new Set(await Promise.all(all))).toEqual(new Set(["late"]));
    expect(asked).toBe(300);
  });

  it("says rarely that a task is in use", async () => {
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    remote.touch(NO_CHAIN);
    const chain = { ...NO_CHAIN, task: newId("tsk", 1, random) };
    for (let n = 0; n < 100; n += 1) remote.touch(chain);
    expect(await remote.renew(renewal(point.point))).toEqual(NOTHING);
    expect(bench.control.asked.map(({ call }) => call)).toEqual(["join", "renew"]);
  });
});

describe("a malformed message of a server ends its link", () => {
  const push = (n: number, body: Json = NOTHING): Json => ({ push: n, body });
  it.each<[string, (id: Json) => Json | Buffer]>([
    ["no JSON", () => Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from("abc")])],
    ["a frame that is too long", () => Buffer.from([0x7f, 0, 0, 0])],
    ["a text", () => "x"],
    ["an answer to nothing", () => ({ id: 77, ok: true, body: NOTHING })],
    ["an answer without a body", (id) => ({ id, ok: true })],
    ["an answer that is neither good nor bad", (id) => ({ id, body: NOTHING })],
    ["a snapshot without a version", (id) => ({ id, ok: true, body: { generation: 1, records: [] } })],
    ["a snapshot of a version that is no number", (id) => ({ id, ok: true, body: { ...NOTHING, version: "9" } })],
    ["a record that is none", (id) => ({ id, ok: true, body: { ...NOTHING, records: [{ kind: "task" }] } })],
    ["a push from the future", () => push(2)],
    ["a push repeated", () => Buffer.concat([frame(push(1)), frame(push(1))])],
    ["pushes out of order", () => Buffer.concat([frame(push(1)), frame(push(3)), frame(push(2))])],
    ["a push that is no snapshot", () => push(1, { generation: 1 })],
  ])("%s", async (_what, said) => {
    const url = await rogue(({ id = null, call }) => (call === "join" ? { id, ok: true, body: WELCOME } : said(id)));
    const warned: unknown[] = [];
    const log = { warn: (fields: object) => warned.push(fields), error: () => undefined };
    const remote = bench.remote(point, { servers: [url], log });
    await remote.join(hello(point.point));
    await expect(remote.renew(renewal(point.point))).rejects.toBeInstanceOf(AppError);
    expect(warned).toMatchObject([{ err: { code: "link.malformed" } }]);
  });

  it("whatever a server says, a renewal is answered as it should be or not at all", async () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const message = fc.oneof(
      fc.record({
        id: fc.oneof(fc.constant(2), fc.integer()),
        ok: fc.constantFrom(true, false, null),
        body: value,
        problem: value,
      }),
      fc.record({ push: fc.oneof(fc.constant(1), fc.integer()), body: value }),
      value,
    );
    const bytes = fc.oneof(
      message.map((one) => frame((one ?? null) as Json)),
      fc.uint8Array({ minLength: 1, maxLength: 200 }).map((one) => Buffer.from(one)),
    );
    let said: Buffer = Buffer.alloc(0);
    const answers: unknown[] = [];
    const url = await bench.rogue((socket) => {
      socket.once("data", () => {
        socket.write(frame({ id: 1, ok: true, body: WELCOME }));
        socket.once("data", () => socket.end(said));
      });
    });
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        said = garbage;
        const remote = bench.remote(point, { servers: [url], leaseMs: () => 300 });
        await remote.join(hello(point.point));
        const answer = await remote.renew(renewal(point.point)).catch((error: unknown) => error);
        remote.close();
        answers.push(answer);
      }),
      { numRuns: 60 },
    );
    const snapshot = { generation: expect.any(Number), version: expect.any(Number), records: expect.any(Array) };
    expect(answers).toHaveLength(60);
    const believed = answers.filter((answer) => !(answer instanceof AppError));
    expect(believed).toEqual(believed.map(() => expect.objectContaining(snapshot)));
  });
});
