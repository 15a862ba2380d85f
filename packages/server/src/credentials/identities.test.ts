import { type Kinds, type PointId, type StateRecord, newId } from "@countersign/core";
import {
  type KeyProofContext,
  certificateAuthority,
  generateSigningKey,
  issueSvid,
  serialNumber,
  signKeyProof,
} from "@countersign/credentials";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serverEntry } from "../kernel.ts";
import type { Put } from "../store/index.ts";
import { ServerIdentity } from "./server-identity.ts";
import { IdentityFixture } from "../testing/index.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const HOUR = 3_600_000;

let here: IdentityFixture;
beforeEach(async () => {
  here = new IdentityFixture();
  await here.open();
});
afterEach(async () => {
  await here.close();
  here.remove();
});

const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
async function record(id: PointId): Promise<StateRecord<"point">> {
  const found = await here.get().kernel.store.get("point", id);
  if (found === null) throw new Error("no point");
  return found;
}
/** Writes a record as whoever can write the database would. */
async function write(put: Put): Promise<void> {
  const { kernel } = here.get();
  const changes = [{ kind: put.kind, id: put.id }];
  await kernel.store.commit({ put: [put], entries: [serverEntry(kernel, "identity", { action: "test", changes })] });
}
async function setState(id: PointId, state: Partial<Kinds["point"]["state"]>): Promise<void> {
  const { version: _version, ...point } = await record(id);
  await write({ ...point, state: { ...point.state, ...state } });
}
function proof(key = generateSigningKey(), more: Partial<KeyProofContext> & { readonly nonce: string }): string {
  return signKeyProof(key, { purpose: "point", audience: "spiffe://example.org/server", now: here.now, ...more });
}

describe("identify", () => {
  it("knows a gateway by its certificate, as long as that lasts", async () => {
    const { svid, point, key, notAfter } = await here.join("edge");
    const { identities } = here.get();
    expect(await identities.identify(der(svid))).toEqual({ ok: true, point, name: "edge", jkt: key.jkt, notAfter });
    here.now += 24 * HOUR + 1000;
    expect(await identities.identify(der(svid))).toEqual({ ok: false, code: "svid.expired" });
  });

  it("refuses what the authority certified for something else than a point that exists", async () => {
    const { authority, identities } = here.get();
    const { jwk } = generateSigningKey();
    for (const path of [
      "/server",
      `/point/${newId("ep", here.now, random)}`,
      "/point/x",
      "/agent/point/x",
      "/point/",
    ]) {
      const id = path.endsWith("/") ? null : authority.issue(path, jwk).pem;
      expect(await identities.identify(der(id ?? ""))).toMatchObject({ ok: false });
    }
    const { point, key } = await here.join("edge");
    const nested = authority.issue(`/point/${point}/point/${point}`, key.jwk);
    expect(await identities.identify(der(nested.pem))).toEqual({ ok: false, code: "point.unknown" });
  });

  it("refuses a certificate for the right point with another key, and one of another authority", async () => {
    const { point } = await here.join("edge");
    const { authority, identities, kernel } = here.get();
    const other = authority.issue(`/point/${point}`, generateSigningKey().jwk);
    expect(await identities.identify(der(other.pem))).toEqual({ ok: false, code: "point.unknown" });
    const forger = certificateAuthority(generateSigningKey("P-256"), {
      trustDomain: "example.org",
      now: here.now,
      random: kernel.random,
    });
    const forged = issueSvid({
      ca: forger,
      publicKey: generateSigningKey().jwk,
      spiffeId: `spiffe://example.org/point/${point}`,
      notBefore: here.now,
      notAfter: here.now + HOUR,
      serial: serialNumber(random),
    });
    expect(await identities.identify(forged)).toEqual({ ok: false, code: "svid.untrusted" });
    expect(await identities.identify(Buffer.alloc(100))).toEqual({ ok: false, code: "svid.malformed" });
  });

  it("refuses a part of the server that comes over the link", async () => {
    const { point, svid } = await here.join("edge");
    const { version: _version, ...before } = await record(point);
    await write({ ...before, terms: { ...before.terms, place: "own" } });
    expect(await here.get().identities.identify(der(svid))).toEqual({ ok: false, code: "point.unknown" });
  });
});

describe("renew", () => {
  it("certifies the same key again, and says so in the ledger", async () => {
    const { point, key } = await here.join("edge");
    here.now += 12 * HOUR;
    const { identities, kernel } = here.get();
    const again = await identities.renew(point, key.jkt, proof(key, { nonce: key.jkt }));
    expect(again).toMatchObject({ point, name: "edge", notAfter: here.now + 24 * HOUR });
    expect(await identities.identify(der(again.svid))).toMatchObject({ ok: true });
    const [entry] = await kernel.store.entries({ limit: 1, reverse: true, kind: "key" });
    expect(entry?.body).toMatchObject({ action: "svid.issue", resource: point, cause: { jkt: key.jkt } });
  });

  it("takes a new key, and the old one is nobody's from then on", async () => {
    const { point, key, svid } = await here.join("edge");
    const { identities } = here.get();
    const next = generateSigningKey();
    const renewed = await identities.renew(point, key.jkt, proof(next, { nonce: key.jkt }));
    expect(await identities.identify(der(renewed.svid))).toMatchObject({ ok: true, jkt: next.jkt });
    expect(await identities.identify(der(svid))).toEqual({ ok: false, code: "point.unknown" });
    await expect(identities.renew(point, key.jkt, proof(key, { nonce: key.jkt }))).rejects.toMatchObject({
      code: "point.unknown",
    });
  });

  it.each<[string, Partial<KeyProofContext>, string]>([
    ["for another purpose", { purpose: "enroll" }, "credential.wrong_audience"],
    ["for another server", { audience: "spiffe://example.com/server" }, "credential.wrong_audience"],
    ["tied to something else", { nonce: "else" }, "credential.replayed"],
    ["from yesterday", { now: 0 }, "credential.expired"],
  ])("refuses a proof %s", async (_name, more, code) => {
    const { point, key } = await here.join("edge");
    const refused = here.get().identities.renew(point, key.jkt, proof(key, { nonce: key.jkt, ...more }));
    await expect(refused).rejects.toMatchObject({ code });
  });

  it("refuses a point that is not there or was removed", async () => {
    const { point, key } = await here.join("edge");
    const { identities } = here.get();
    await identities.remove("edge", "local");
    for (const id of [point, newId("ep", here.now, random)])
      await expect(identities.renew(id, key.jkt, proof(key, { nonce: key.jkt }))).rejects.toMatchObject({
        code: "point.unknown",
      });
  });
});

describe("remove", () => {
  it("ends a point that is away at once, and its name is free for another one", async () => {
    const { point, svid } = await here.join("edge");
    const { identities } = here.get();
    expect(await identities.remove("edge", "local")).toEqual({ id: point, status: "removed" });
    expect(await identities.remove(point, "local")).toEqual({ id: point, status: "removed" });
    expect(await identities.identify(der(svid))).toEqual({ ok: false, code: "point.unknown" });
    const other = await here.join("edge");
    expect(other.point).not.toBe(point);
    expect((await identities.list()).map(({ id }) => id)).toEqual([other.point]);
  });

  it.each(["active", "leaving"] as const)("leaves time for the last lease of a point that is %s", async (status) => {
    const { point, svid, key } = await here.join("edge");
    await setState(point, { status, instance: "digest" });
    const { identities } = here.get();
    expect(await identities.remove("edge", "local")).toEqual({ id: point, status: "leaving" });
    expect((await record(point)).state).toEqual({
      status: "leaving",
      removing: true,
      unclosed: true,
      instance: null,
      url: null,
    });
    expect(await identities.identify(der(svid))).toEqual({ ok: false, code: "point.unknown" });
    await expect(identities.renew(point, key.jkt, proof(key, { nonce: key.jkt }))).rejects.toMatchObject({
      code: "point.unknown",
    });
  });

  it("knows no other names, and removes no part of the server", async () => {
    const { identities, kernel } = here.get();
    await expect(identities.remove("nobody", "local")).rejects.toMatchObject({ code: "request.not_found" });
    const id = newId("ep", here.now, random);
    await write({
      kind: "point",
      id,
      terms: { name: "mcp", place: "own", jkt: null, joinedAt: "" },
      state: { status: "active", instance: null, url: null },
      authority: null,
    });
    await expect(identities.remove("mcp", "local")).rejects.toMatchObject({ code: "request.conflict" });
    await expect(identities.trust("mcp")).rejects.toMatchObject({ code: "request.conflict" });
    expect(await kernel.store.count("point", { status: "removed" })).toBe(0);
  });
});

describe("INV-12: secrets from the store", () => {
  it("are for a gateway that an administrator has countersigned, while it shows that key", async () => {
    const alice = await here.administrator();
    const { point, key } = await here.join("edge");
    const { identities } = here.get();
    expect(await identities.secretsFor(point, key.jkt)).toBe(false);
    const { approvalId } = await identities.trust("edge");
    expect(await identities.secretsFor(point, key.jkt)).toBe(false);
    expect(await here.sign(approvalId, alice)).toBe("consumed");
    expect(await identities.secretsFor(point, key.jkt)).toBe(true);
    expect(await identities.secretsFor(point, generateSigningKey().jkt)).toBe(false);
    expect(await identities.list()).toMatchObject([{ id: point, secrets: true }]);
    await expect(identities.trust("edge")).rejects.toMatchObject({ code: "request.conflict" });
  });

  it("stay while the key does: through comings and goings, a renewal, and another token", async () => {
    const { point, key } = await trusted();
    const { identities } = here.get();
    await setState(point, { status: "active", instance: "x", url: "http://localhost:1" });
    await setState(point, { status: "away", instance: null });
    await identities.renew(point, key.jkt, proof(key, { nonce: key.jkt }));
    await here.join("edge", key);
    expect(await identities.secretsFor(point, key.jkt)).toBe(true);
  });

  it("end with another key and with removal", async () => {
    const { point, key } = await trusted();
    const { identities } = here.get();
    const next = generateSigningKey();
    await identities.renew(point, key.jkt, proof(next, { nonce: key.jkt }));
    expect((await record(point)).authority).toBeNull();
    expect([await identities.secretsFor(point, key.jkt), await identities.secretsFor(point, next.jkt)]).toEqual([
      false,
      false,
    ]);
    await here.join("edge", key);
    expect(await identities.secretsFor(point, key.jkt)).toBe(false);
    await identities.remove("edge", "local");
    expect(await identities.secretsFor(point, key.jkt)).toBe(false);
  });

  it("leave no signature behind that is for another key", async () => {
    const { point } = await trusted();
    await here.join("edge");
    expect((await record(point)).authority).toBeNull();
  });

  it("leave none behind with what was removed", async () => {
    const { point } = await trusted();
    await here.get().identities.remove(point, "local");
    expect((await record(point)).authority).toBeNull();
  });

  it("are not for what was only written into the database", async () => {
    const { point } = await trusted();
    const thief = await here.join("thief");
    const { version: _version, ...signed } = await record(point);
    const { version: _other, ...unsigned } = await record(thief.point);
    const { identities } = here.get();
    for (const put of [
      { ...unsigned, authority: signed.authority },
      { ...unsigned, authority: "genesis" as const },
      { ...unsigned, terms: { ...unsigned.terms, place: "own" as const } },
    ]) {
      await write(put);
      expect(await identities.secretsFor(thief.point, thief.key.jkt)).toBe(false);
    }
    await write({ ...signed, terms: { ...signed.terms, jkt: thief.key.jkt } });
    expect(await identities.secretsFor(point, thief.key.jkt)).toBe(false);
  });

  it("are not given by a signature for a key that the gateway has no more, or for one that was removed", async () => {
    const alice = await here.administrator();
    const first = await here.join("edge");
    const { identities } = here.get();
    const { approvalId } = await identities.trust("edge");
    const second = await here.join("edge");
    await expect(here.sign(approvalId, alice)).rejects.toMatchObject({ code: "approval.changed" });
    const again = await identities.trust("edge");
    await identities.remove("edge", "local");
    await expect(here.sign(again.approvalId, alice)).rejects.toMatchObject({ code: "approval.changed" });
    for (const { point, key } of [first, second]) expect(await identities.secretsFor(point, key.jkt)).toBe(false);
    await expect(identities.trust("edge")).rejects.toMatchObject({ code: "request.conflict" });
  });

  async function trusted(): Promise<Awaited<ReturnType<IdentityFixture["join"]>>> {
    const alice = await here.administrator();
    const joined = await here.join("edge");
    const { approvalId } = await here.get().identities.trust("edge");
    await here.sign(approvalId, alice);
    return joined;
  }
});

describe("the server", () => {
  it("shows a certificate of its own, another one from half of its life on", async () => {
    const { authority } = here.get();
    const identity = new ServerIdentity(authority, () => here.now);
    const first = identity.credential();
    here.now += 12 * HOUR - 1;
    expect(identity.credential()).toEqual(first);
    here.now += 1;
    const second = identity.credential();
    expect([second.key, second.cert === first.cert]).toEqual([first.key, false]);
    expect(second.notAfter).toBe(first.notAfter + 12 * HOUR);
  });
});
