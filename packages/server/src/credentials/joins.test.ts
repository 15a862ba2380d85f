import { newId } from "@countersign/core";
import { bundleHash, generateSigningKey, parseBundle, parseJoinToken, verifySvid } from "@countersign/credentials";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { named, serverEntry } from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";
import { IdentityFixture, SETTINGS } from "../testing/index.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const REFUSED = {
  code: "join.refused",
  detail: "the join token is unknown, was used or has ended; make another one with `countersign gateway token`",
};

describe("joining", () => {
  let here: IdentityFixture;
  beforeEach(async () => {
    here = new IdentityFixture();
    await here.open();
  });
  afterEach(async () => {
    await here.close();
    here.remove();
  });
  const make = async (name = "edge"): Promise<string> => (await here.get().joins.create(name, "local")).token;
  const pointsNamed = async (name: string): Promise<number> =>
    (await here.get().kernel.store.find("point", { key: name })).length;

  it("gives a gateway an identity that verifies under the bundle that its token names", async () => {
    const { token, expiresAt, server } = await here.get().joins.create("edge", "local");
    expect([expiresAt, server]).toEqual(["2026-11-22T12:10:00.000Z", SETTINGS.publicUrl]);
    const key = generateSigningKey();
    const joined = await here.redeem(token, { key, name: "edge" });
    const read = parseBundle(joined.bundle);
    if (!read.ok) throw new Error(read.code);
    expect(bundleHash(read.bundle)).toBe(parseJoinToken(token)?.bundleHash);
    expect(verifySvid(joined.svid, { bundle: read.bundle, now: here.now })).toMatchObject({
      ok: true,
      spiffeId: `spiffe://example.org/point/${joined.point}`,
      jkt: key.jkt,
      notAfter: here.now + 86_400_000,
    });
    expect(joined).toMatchObject({ name: "edge", issuer: { issuer: SETTINGS.publicUrl, keys: [{ crv: "Ed25519" }] } });
    const record = await here.get().kernel.store.get("point", joined.point);
    expect(record).toMatchObject({
      terms: { name: "edge", place: "joined", jkt: key.jkt },
      state: { status: "away", instance: null },
      authority: null,
    });
  });

  it("keeps no secret: neither records nor journal know the token", async () => {
    const token = await make();
    await here.redeem(token);
    const secret = parseJoinToken(token)?.secret ?? "";
    const { store } = here.get().kernel;
    const kept = JSON.stringify([
      await store.find("join"),
      (await store.entries({ limit: 100 })).map(({ body }) => body),
    ]);
    expect(kept).toContain("point.join");
    expect(kept).not.toContain(secret);
  });

  it("works once", async () => {
    const token = await make();
    await here.redeem(token);
    await expect(here.redeem(token)).rejects.toMatchObject(REFUSED);
    expect(await pointsNamed("edge")).toBe(1);
  });

  it("lets exactly one of many in that come at once", async () => {
    const token = await make();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, async () => await here.redeem(token)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = tries.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    expect(refused).toEqual(Array.from({ length: 7 }, () => expect.objectContaining(REFUSED)));
    expect(await pointsNamed("edge")).toBe(1);
  });

  it("ends after ten minutes", async () => {
    const token = await make();
    here.now += 599_999;
    const other = await make("other");
    here.now += 1;
    await expect(here.redeem(token)).rejects.toMatchObject(REFUSED);
    await expect(here.redeem(other)).resolves.toMatchObject({ name: "other" });
  });

  it("says the same of an unknown id, a wrong secret and another name", async () => {
    const token = await make();
    const [scheme, id, secret, hash] = token.split(".");
    const unknown = [scheme, newId("joi", here.now, random), secret, hash].join(".");
    const guessed = [scheme, id, "A".repeat(43), hash].join(".");
    await expect(here.redeem(unknown)).rejects.toMatchObject(REFUSED);
    await expect(here.redeem(guessed)).rejects.toMatchObject(REFUSED);
    await expect(here.redeem(token, { name: "another" })).rejects.toMatchObject(REFUSED);
    await expect(here.get().joins.redeem({ id: "joi_x", secret: "", keyProof: "" })).rejects.toMatchObject(REFUSED);
    await expect(here.redeem(token)).resolves.toMatchObject({ name: "edge" });
  });

  it("wants a proof of the key for this server and this token, and a wrong one uses up nothing", async () => {
    const token = await make();
    const other = newId("joi", here.now, random);
    const audience = "spiffe://example.com/server";
    await expect(here.redeem(token, { nonce: other })).rejects.toMatchObject({ code: "credential.replayed" });
    await expect(here.redeem(token, { audience })).rejects.toMatchObject({ code: "credential.wrong_audience" });
    const { id, secret } = parseJoinToken(token) ?? { id: "", secret: "" };
    await expect(here.get().joins.redeem({ id, secret, keyProof: "x" })).rejects.toMatchObject({
      code: "credential.not_canonical",
    });
    await expect(here.redeem(token)).resolves.toMatchObject({ name: "edge" });
  });

  it("is for one name at a time: a newer token ends the older one", async () => {
    const first = await make();
    const second = await make();
    await expect(here.redeem(first)).rejects.toMatchObject(REFUSED);
    await expect(here.redeem(second)).resolves.toMatchObject({ name: "edge" });
    const both = await Promise.all([make("twin"), make("twin")]);
    const tries = await Promise.allSettled(both.map(async (token) => await here.redeem(token)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("gives a point that is away a new key, and the old certificate is nobody's", async () => {
    const first = await here.join("edge");
    const second = await here.join("edge");
    expect(second.point).toBe(first.point);
    const { identities } = here.get();
    expect(await identities.identify(der(first.svid))).toEqual({ ok: false, code: "point.unknown" });
    expect(await identities.identify(der(second.svid))).toMatchObject({ ok: true, point: first.point, name: "edge" });
  });

  it("goes on counting how often the point joined: a link of the former key is never taken for one of the new", async () => {
    const { point } = await here.join("edge");
    const { kernel } = here.get();
    const record = await kernel.store.get("point", point);
    if (record === null) throw new Error("no point");
    const put = withState(record, { ...record.state, joins: 7 });
    const entries = [serverEntry(kernel, "identity", { action: "test", changes: named([put]) })];
    await kernel.store.commit({ put: [put], entries });
    await here.join("edge");
    expect((await kernel.store.get("point", point))?.state.joins).toBe(7);
  });

  it.each(["active", "leaving"] as const)("waits for a point that is %s", async (status) => {
    const { point } = await here.join("edge");
    const { kernel, joins } = here.get();
    const set = async (to: typeof status | "away"): Promise<void> => {
      const record = await kernel.store.get("point", point);
      if (record === null) throw new Error("no point");
      const put = withState(record, { ...record.state, status: to });
      const entries = [serverEntry(kernel, "identity", { action: "test", changes: named([put]) })];
      await kernel.store.commit({ put: [put], entries });
    };
    const waiting = await make();
    await set(status);
    await expect(here.redeem(waiting)).rejects.toMatchObject({ code: "point.in_use" });
    await expect(joins.create("edge", "local")).rejects.toMatchObject({ code: "request.conflict" });
    await set("away");
    await expect(here.redeem(waiting)).resolves.toMatchObject({ point });
  });

  it("does not take the name of a part of the server", async () => {
    const { kernel, joins } = here.get();
    const id = newId("ep", here.now, random);
    const push = (): never => {
      throw new Error("not asked");
    };
    kernel.points.connect({ id, name: "mcp", lease: { valid: () => true, silentMs: () => 0 }, push });
    await expect(joins.create("mcp", "local")).rejects.toMatchObject({ code: "request.conflict" });
  });

  it("does not take the place of a part of the server that came after the token was made", async () => {
    const token = await make("mcp");
    const { kernel } = here.get();
    const put: Put = {
      kind: "point",
      id: newId("ep", here.now, random),
      terms: { name: "mcp", place: "own", jkt: null, joinedAt: "" },
      state: { status: "away", instance: null, url: null },
      authority: null,
    };
    const entries = [serverEntry(kernel, "identity", { action: "test", changes: named([put]) })];
    await kernel.store.commit({ put: [put], entries });
    await expect(here.redeem(token)).rejects.toMatchObject({ code: "point.in_use" });
    await expect(make("mcp")).rejects.toMatchObject({ code: "request.conflict" });
  });

  it("bounds the tokens that wait; those that ended do not count", async () => {
    for (let n = 0; n < 100; n += 1) await make(`n${String(n)}`);
    await expect(make("more")).rejects.toMatchObject({ code: "request.too_many" });
    await expect(make("n7")).resolves.toContain("csj1.");
    here.now += 600_000;
    await expect(make("more")).resolves.toContain("csj1.");
    const { store } = here.get().kernel;
    expect([await store.count("join", { status: "open" }), await store.count("join", { status: "ended" })]).toEqual([
      1, 101,
    ]);
  });

  it("opens the same authority after a restart, and another one for another trust domain", async () => {
    const token = await make();
    const { hash, pem } = here.get().authority;
    await here.close();
    await here.open();
    expect(here.get().authority.pem).toBe(pem);
    await here.redeem(token);
    await here.close();
    await here.open({ ...SETTINGS, trustDomain: "example.com" });
    expect(here.get().authority.hash).not.toBe(hash);
    expect(here.get().authority.serverId).toBe("spiffe://example.com/server");
    const other = await make("new");
    await expect(here.redeem(other)).rejects.toMatchObject({ code: "credential.wrong_audience" });
    await expect(here.redeem(other, { audience: "spiffe://example.com/server" })).resolves.toMatchObject({
      name: "new",
    });
  });
});

function der(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
}
