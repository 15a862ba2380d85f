import { createSecretKey } from "node:crypto";
import { newId } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptKey, newKey, open, openText, seal, sealText, unwrapKey, wrapKey } from "./envelope.ts";
import { NOW, random } from "./testing/fixtures.ts";

const key = newKey(random);
const aad = "secret:tickets";
const damaged = { ok: false, code: "data.damaged" };

describe("seal and open", () => {
  it("give every byte string back", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, context) => {
        const box = seal(key, bytes, { aad: context, random });
        expect(open(key, box, context)).toEqual({ ok: true, plaintext: Buffer.from(bytes) });
      }),
    );
  });
  it("refuse another key, another place and every changed bit", () => {
    const box = seal(key, "s3cret", { aad, random });
    expect(open(newKey(random), box, aad)).toEqual(damaged);
    expect(open(key, box, "secret:billing")).toEqual(damaged);
    const length = Buffer.from(box, "base64url").length;
    for (let bit = 0; bit < length * 8; bit += 1) {
      const bytes = Buffer.from(box, "base64url");
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(open(key, bytes.toString("base64url"), aad)).toEqual(damaged);
    }
  });
  it.each(["", "AAAA", "====", `${seal(key, "a", { aad, random })} `])("refuse the box %j", (box) => {
    expect(open(key, box, aad)).toEqual(damaged);
  });
  it("never seal the same text to the same box", () => {
    expect(seal(key, "a", { aad, random })).not.toBe(seal(key, "a", { aad, random }));
  });
  it("do the same with a kept key", () => {
    const kept = keptKey(key);
    expect(open(kept, seal(key, "s3cret", { aad, random }), aad)).toEqual({
      ok: true,
      plaintext: Buffer.from("s3cret"),
    });
    expect(open(key, seal(kept, "s3cret", { aad, random }), aad)).toEqual({
      ok: true,
      plaintext: Buffer.from("s3cret"),
    });
    expect(open(keptKey(newKey(random)), seal(kept, "s3cret", { aad, random }), aad)).toEqual(damaged);
  });
  it("work with 256-bit keys only", () => {
    expect(() => keptKey(key.subarray(1))).toThrow("32 bytes");
    expect(() => seal(createSecretKey(key.subarray(1)), "a", { aad, random })).toThrow("32 bytes");
    expect(() => seal(key.subarray(1), "a", { aad, random })).toThrow("32 bytes");
    expect(() => open(key.subarray(1), "AAAA", aad)).toThrow("32 bytes");
  });
});

describe("wrapKey", () => {
  const owner = newId("hum", NOW, random);
  it("gives the key back to its owner only", () => {
    const inner = newKey(random);
    const box = wrapKey(key, inner, { owner, random });
    expect(unwrapKey(key, box, owner)).toEqual({ ok: true, plaintext: inner });
    expect(unwrapKey(key, box, newId("hum", NOW, random))).toEqual(damaged);
    expect(unwrapKey(newKey(random), box, owner)).toEqual(damaged);
  });
  it("refuses a box that holds no key", () => {
    expect(unwrapKey(key, seal(key, "short", { aad: `countersign-key-v1\n${owner}`, random }), owner)).toEqual(damaged);
  });
});

describe("sealText", () => {
  const person = newId("hum", NOW, random);
  it("opens under the person's key and for that person only", () => {
    const sealed = sealText({ person, key }, "Ada Lovelace ✓", random);
    expect(openText(key, sealed)).toBe("Ada Lovelace ✓");
    expect(openText(newKey(random), sealed)).toBeNull();
    expect(openText(key, { ...sealed, person: newId("hum", NOW, random) })).toBeNull();
  });
});
