import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { type Json, type JsonObject, type PointId, newId } from "@countersign/core";
import { certificateAuthority, generateSigningKey, issueSvid, serialNumber, toPem } from "@countersign/credentials";
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
const instance = (n: number): string => Buffer.alloc(32, n).toString("base64url");

/** Says frames as they are, and hears what comes back until the link ends or so many messages came. */
async function converse(socket: TLSSocket, messages: readonly Json[], most = 1): Promise<JsonObject[]> {
  const parts: Buffer[] = [];
  const over = Promise.withResolvers<null>();
  socket.on("data", (part: Buffer) => {
    parts.push(part);
    if (framesOf(Buffer.concat(parts)).length >= most) over.resolve(null);
  });
  socket.on("error", () => over.resolve(null));
  socket.on("close", () => over.resolve(null));
  socket.write(Buffer.concat(messages.map(frame)));
  await over.promise;
  return framesOf(Buffer.concat(parts));
}

function join(more: JsonObject = {}): Json {
  return { id: 1, call: "join", body: { ...hello(point.point), ...more } as JsonObject };
}

describe("a link", () => {
  it("lets a gateway join with its token, and come back with its certificate", async () => {
    expect(point).toMatchObject({ name: "edge" });
    const tokens: unknown[] = [];
    const remote = bench.remote(point, { onTokens: (told) => tokens.push(told) });
    expect(await remote.join(hello(point.point))).toEqual(NOTHING);
    expect(await remote.renew(renewal(point.point))).toEqual(NOTHING);
    expect(remote.server()).toBe(bench.url);
    expect(tokens).toMatchObject([{ issuer: "http://localhost:7330", keys: [{ kty: expect.any(String) }] }]);
  });

  it("pushes one change to a point and brings back its acknowledgement", async () => {
    const seen: unknown[] = [];
    const push = async (change: object): Promise<object> => {
      seen.push(change);
      return await Promise.resolve({ point: point.point, name: "x", generation: 1, version: 7, inFlight: [] });
    };
    await bench.remote(point, { push }).join(hello(point.point));
    const [linked] = bench.points();
    expect(linked?.lease.valid()).toBe(true);
    const change = { generation: 1, version: 7, records: [] };
    expect(await linked?.push(change)).toEqual({
      ...change,
      records: undefined,
      point: point.point,
      name: "edge",
      inFlight: [],
    });
    expect(seen).toEqual([change]);
  });

  it("speaks for its own point, whatever a request names", async () => {
    const other = newId("ep", Date.now(), random);
    const remote = bench.remote(point);
    await remote.join(hello(other));
    await remote.renew(renewal(other));
    await remote.learn(other, newId("tsk", Date.now(), random));
    const points = bench.control.asked.map(({ call, with: [first] }) => [call, pointOf(first)]);
    expect(points).toEqual([
      ["join", point.point],
      ["renew", point.point],
      ["learn", point.point],
    ]);
  });

  it("gives secrets from the store only to a point that is trusted with them", async () => {
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    expect(await remote.secret("secret/x")).toBeNull();
    bench.trusted = true;
    expect(await remote.secret("secret/x")).toBe("s3cret");
  });

  it("renews the certificate for the same key, and lives as long as that", async () => {
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    const renewed = await remote.renewIdentity(bench.keyProof(point));
    expect(renewed.point).toBe(point.point);
    expect(renewed.svid).not.toBe(point.svid);
    await expect(remote.renewIdentity("x")).rejects.toMatchObject({ code: expect.stringMatching(/^credential\./) });
    await bench.remote({ ...renewed, key: point.key }).join(hello(point.point));
  });

  it("passes on what the control plane refuses, with its code", async () => {
    const { AppError } = await import("@countersign/core");
    bench.control.answers.set("renew", () => {
      throw new AppError("lease.behind", { detail: "the database knows less" });
    });
    bench.control.answers.set("record", () => {
      throw new Error("secret inside");
    });
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    await expect(remote.renew(renewal(point.point))).rejects.toMatchObject({
      code: "lease.behind",
      detail: "the database knows less",
    });
    const entry = { ...bench.entry(), chain: { human: null, device: null, agent: null, task: null } };
    await expect(remote.record({ point: point.point, entries: [entry] })).rejects.toMatchObject({
      code: "internal.error",
      detail: undefined,
    });
  });
});

describe("who is refused", () => {
  it("a copy of a point's identity, while the point works; the point goes on", async () => {
    const first = bench.remote(point);
    await first.join(hello(point.point, { instance: instance(1) }));
    const copy = bench.remote(point);
    await expect(copy.join(hello(point.point, { instance: instance(2) }))).rejects.toMatchObject({
      code: "point.in_use",
    });
    await expect(copy.renew(renewal(point.point))).rejects.toMatchObject({ code: "point.left" });
    expect(await first.renew(renewal(point.point))).toEqual(NOTHING);
    expect(bench.points()).toHaveLength(1);
    expect(bench.lost).toEqual([]);
  });

  it("the same process over another link takes the place of its former link", async () => {
    const first = await bench.dial(point);
    await converse(first, [join()]);
    const closed = once(first, "close");
    const second = bench.remote(point);
    await second.join(hello(point.point));
    await closed;
    expect(bench.points()).toHaveLength(1);
    expect(bench.lost).toEqual([]);
  });

  it("a link that was opened with a key which the point has no more", async () => {
    const old = await bench.join("edge");
    const remote = bench.remote(old);
    await remote.join(hello(old.point));
    await bench.join("edge");
    await expect(remote.join(hello(old.point))).rejects.toMatchObject({ code: "point.unknown" });
    remote.close();
  });

  it("whatever a point says over the link that it had when it was removed", async () => {
    const point = await bench.join("edge");
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    await bench.identities.get().identities.remove("edge", "local");
    const record = await bench.store.get("point", point.point);
    if (record !== null) bench.links.moved(record);
    await vi.waitFor(() => expect(remote.server()).toBeNull(), PATIENT);
    expect(bench.points()).toEqual([]);
    remote.close();
  });

  it("a certificate of another authority, of an agent, of the server, and of a point that was removed", async () => {
    const key = generateSigningKey("P-256");
    const now = Date.now();
    const foreign = certificateAuthority(generateSigningKey("P-256"), { trustDomain: "example.org", now, random });
    const svid = toPem(
      issueSvid({
        ca: foreign,
        publicKey: key.jwk,
        spiffeId: `spiffe://example.org/point/${point.point}`,
        notBefore: now - 1000,
        notAfter: now + 60_000,
        serial: serialNumber(random),
      }),
    );
    const cases: [string, JoinedPoint][] = [["svid.untrusted", { ...point, svid, key }]];
    for (const path of [
      `/agent/${newId("agt", now, random)}/task/${newId("tsk", now, random)}`,
      "/server",
      "/point/x",
    ]) {
      const { pem } = bench.identities.get().authority.issue(path, key.jwk);
      cases.push(["point.unknown", { ...point, svid: pem, key }]);
    }
    for (const [code, identity] of cases)
      await expect(bench.remote(identity).join(hello(point.point))).rejects.toMatchObject({ code });
    await bench.identities.get().identities.remove("edge", "local");
    await expect(bench.remote(point).join(hello(point.point))).rejects.toMatchObject({ code: "point.unknown" });
    expect(bench.control.asked).toEqual([]);
  });

  it("whoever has no certificate and wants more than to join, or a second answer", async () => {
    for (const call of ["join", "renew", "record", "ping", "constructor"]) {
      const socket = await bench.dial(null);
      expect(await converse(socket, [{ id: 1, call, body: {} }])).toEqual([]);
    }
    const socket = await bench.dial(null);
    const body = { id: newId("joi", Date.now(), random), secret: "x", keyProof: "y" };
    const said = await converse(
      socket,
      [
        { id: 1, call: "redeem", body },
        { id: 2, call: "redeem", body },
      ],
      2,
    );
    expect(said).toHaveLength(0);
    expect(bench.control.asked).toEqual([]);
  });

  it("a server that is none: a point's certificate is no server's", async () => {
    const { svid, key } = point;
    await bench.serve({ credential: { cert: svid, key, notAfter: Date.now() + 60_000 } });
    await expect(bench.dial(point)).rejects.toMatchObject({
      code: "server.unreachable",
      message: expect.stringContaining("svid.untrusted"),
    });
  });

  it("a server of another authority, by whatever name it is reached", async () => {
    const other = new LinkBench();
    await other.open();
    await expect(bench.dial(point, other.url)).rejects.toMatchObject({ code: "server.unreachable" });
    await other.close();
  });

  it("one link too many of an identity, with a code; the others go on, and one that ends makes room", async () => {
    const works = bench.remote(point);
    await works.join(hello(point.point, { instance: instance(1) }));
    const idle = await Promise.all(Array.from({ length: 7 }, async () => await bench.dial(point)));
    for (const socket of idle)
      expect(await converse(socket, [{ id: 1, call: "ping", body: {} }])).toMatchObject([{ ok: true }]);
    const refused = await converse(await bench.dial(point), [join()]);
    expect(refused).toMatchObject([{ ok: false, problem: { code: "request.too_many" } }]);
    expect(await works.renew(renewal(point.point))).toEqual(NOTHING);
    const other = await bench.join("other");
    expect(await bench.remote(other).join(hello(other.point))).toEqual(NOTHING);
    idle[0]?.destroy();
    await vi.waitFor(async () => {
      const [answer] = await converse(await bench.dial(point), [{ id: 1, call: "ping", body: {} }]);
      expect(answer).toMatchObject({ ok: true });
    }, PATIENT);
  });

  it("a point whose certificate ended meanwhile, in the middle of its link", async () => {
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    bench.identities.now += 25 * 3_600_000;
    await vi.waitFor(() => expect(bench.points()).toHaveLength(0), PATIENT);
    expect(bench.lost).toEqual([point.point]);
  });
});

describe("silence", () => {
  it("ends the link of a point that says nothing for lease and margin, and tells that it was lost", async () => {
    bench.lease = { seconds: 1, marginMs: 100 };
    const socket = await bench.dial(point);
    await converse(socket, [join()]);
    expect(bench.points()).toHaveLength(1);
    await once(socket, "close");
    await vi.waitFor(() => expect(bench.lost).toEqual([point.point]), PATIENT);
    expect(bench.points()).toHaveLength(0);
  });

  it("tells that a point is lost as soon as its link breaks, and not when it left", async () => {
    const remote = bench.remote(point);
    await remote.join(hello(point.point));
    const [linked] = bench.points();
    await remote.leave(point.point);
    await vi.waitFor(() => expect(bench.points()).toHaveLength(0), PATIENT);
    expect(bench.lost).toEqual([]);
    expect(bench.control.asked.at(-1)).toEqual({ call: "leave", with: [point.point] });
    await expect(linked?.push(NOTHING)).rejects.toMatchObject({ code: "server.unreachable" });
    const again = await bench.dial(point);
    await converse(again, [join()]);
    again.destroy();
    await vi.waitFor(() => expect(bench.lost).toEqual([point.point]), PATIENT);
  });

  it("fails a push whose acknowledgement the end of the link cuts off", async () => {
    const socket = await bench.dial(point);
    await converse(socket, [join()]);
    const [linked] = bench.points();
    const pushed = linked?.push({ generation: 1, version: 2, records: [] });
    socket.destroy();
    await expect(pushed).rejects.toMatchObject({ code: "server.unreachable" });
  });
});

function pointOf(first: unknown): PointId {
  return typeof first === "string" ? (first as PointId) : (first as { point: PointId }).point;
}
