import { inspect } from "node:util";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { exportPrivateJwk, generateSigningKey, importPublicKey, importSigningKey, parsePublicJwk } from "./keys.ts";
import { thumbprint } from "./thumbprint.ts";

const ed = generateSigningKey();
const ec = generateSigningKey("P-256");
const refused = { ok: false, code: "credential.wrong_key" };

describe("thumbprint", () => {
  it("is the one of RFC 8037 appendix A.3", () => {
    const jwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
    expect(thumbprint(jwk)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });
  it.each([ed, ec])("agrees with jose for $algorithm", async ({ jwk, jkt }) => {
    expect(jkt).toBe(await calculateJwkThumbprint({ ...jwk }));
  });
});

describe("generateSigningKey", () => {
  it("makes the kind of key that is asked for, Ed25519 by default", () => {
    expect([ed.algorithm, ec.algorithm]).toEqual(["EdDSA", "ES256"]);
    expect([ed.jwk.crv, ec.jwk.crv]).toEqual(["Ed25519", "P-256"]);
  });
});

describe("importPublicKey", () => {
  it.each([ed, ec])("takes $algorithm and drops other members", ({ jwk, jkt }) => {
    const imported = importPublicKey({ ...jwk, kid: "x", use: "sig" });
    expect(imported.ok && imported.key.jwk).toEqual(jwk);
    expect(imported.ok && imported.key.jkt).toBe(jkt);
  });
  it.each([
    ["null", null],
    ["a text", "key"],
    ["a private key", exportPrivateJwk(ed)],
    ["a symmetric key", { kty: "oct", k: "AAAA" }],
    ["another curve", { ...ec.jwk, crv: "P-384" }],
    ["a short coordinate", { ...ed.jwk, x: "AAAA" }],
    ["a coordinate with unused bits", { ...ed.jwk, x: `${"A".repeat(42)}B` }],
    ["y on an Ed25519 key", { ...ed.jwk, y: ed.jwk.x }],
    ["a point off the curve", { ...ec.jwk, y: ec.jwk.x }],
  ])("refuses %s", (_name, jwk) => {
    expect(importPublicKey(jwk)).toEqual(refused);
  });
  it.each([
    ["the neutral point", `01${"00".repeat(31)}`],
    ["it with the sign bit", `01${"00".repeat(30)}80`],
    ["a point of order 2", `ec${"ff".repeat(30)}7f`],
    ["a point of order 4", "00".repeat(32)],
    ["a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["a non-canonical spelling", `ee${"ff".repeat(30)}7f`],
  ])("refuses %s, under which anybody can sign", (_name, hex) => {
    const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") };
    expect(parsePublicJwk(jwk)).not.toBeNull();
    expect(importPublicKey(jwk)).toEqual(refused);
  });
});

describe("importSigningKey", () => {
  it.each([ed, ec])("gives an exported $algorithm key back", (key) => {
    expect(importSigningKey(exportPrivateJwk(key)).jkt).toBe(key.jkt);
  });
  it.each([
    ["null", null],
    ["a public key", ed.jwk],
    ["an RSA key", { kty: "RSA", n: "AAAA", e: "AQAB", d: "AAAA" }],
    ["an Ed25519 key with a foreign public part", { ...exportPrivateJwk(ed), x: generateSigningKey().jwk.x }],
    ["a P-256 key with a foreign public part", { ...exportPrivateJwk(ec), ...generateSigningKey("P-256").jwk }],
  ])("refuses %s without quoting it", (_name, jwk) => {
    let thrown: unknown;
    try {
      importSigningKey(jwk);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: "AppError", code: "data.damaged" });
    expect((thrown as Error).cause).toBeUndefined();
    const secret = (jwk as { d?: string } | null)?.d ?? "no private part";
    expect(inspect(thrown)).not.toContain(secret);
  });
});
