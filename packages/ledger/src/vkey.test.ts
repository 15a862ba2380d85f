import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logSigner, nodeSha256, witnessSigner } from "./testing/sample-log.ts";
import { sha256 } from "./sha256.ts";
import { isKeyName, parseVkey, printVkey, verifierKey } from "./vkey.ts";

/** The example of c2sp.org/signed-note. */
const C2SP = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

describe("parseVkey", () => {
  it("reads the example of the specification", () => {
    const parsed = parseVkey(sha256, C2SP);
    expect(parsed).toMatchObject({ ok: true, key: { name: "example.com/foo", type: "ed25519", keyId: "530d903a" } });
    expect(parsed.ok && printVkey(parsed.key)).toBe(C2SP);
  });

  it("is the inverse of printVkey", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter(isKeyName);
    const parts = fc.record({
      name,
      type: fc.constantFrom("ed25519" as const, "cosignature" as const),
      publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(parts, (key) => {
        const made = verifierKey(nodeSha256, key);
        expect(parseVkey(sha256, printVkey(made))).toEqual({ ok: true, key: made });
      }),
    );
  });

  it("refuses any other text of the same length", () => {
    for (let i = 0; i < C2SP.length; i += 1) {
      for (const char of ["A", "b", "0", "+", " ", "é"]) {
        if (C2SP[i] === char) continue;
        expect(parseVkey(sha256, C2SP.slice(0, i) + char + C2SP.slice(i + 1)).ok, `${char} at ${String(i)}`).toBe(
          false,
        );
      }
    }
  });

  it.each([
    ["", "vkey.malformed"],
    ["example.com/foo", "vkey.malformed"],
    [`${C2SP}\n`, "vkey.malformed"],
    [C2SP.replace("530d903a", "530D903A"), "vkey.wrong_id"],
    [C2SP.replace("+Aeky", "+AekyAeky"), "vkey.malformed"],
    ["example.com/foo+00000000+AQ==", "vkey.malformed"],
    ["+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "vkey.malformed"],
    [C2SP.replace("example", "examples"), "vkey.wrong_id"],
    [C2SP.replace("+A", "+B"), "vkey.unknown_type"],
    ["x".repeat(600) + C2SP, "vkey.malformed"],
    ["x".repeat(2000) + C2SP, "vkey.malformed"],
  ])("refuses `%.30s…` with %s", (text, code) => {
    expect(parseVkey(sha256, text)).toEqual({ ok: false, code });
  });
});

describe("verifierKey", () => {
  it("gives the same public key another id for another type or name", () => {
    const { name, publicKey } = logSigner.key;
    const ids = [
      verifierKey(sha256, { name, type: "ed25519", publicKey }).keyId,
      verifierKey(sha256, { name, type: "cosignature", publicKey }).keyId,
      verifierKey(sha256, { name: `${name}x`, type: "ed25519", publicKey }).keyId,
    ];
    expect(new Set(ids).size).toBe(3);
    expect(witnessSigner.key.type).toBe("cosignature");
  });

  it.each(["", "a b", "a+b", "a\u00a0b", "a\u2028b", "a\nb", "a\u0000b", "\ud800", "x".repeat(513)])(
    "refuses the name %j",
    (name) => {
      expect(() => verifierKey(sha256, { name, type: "ed25519", publicKey: new Uint8Array(32) })).toThrow(AppError);
    },
  );

  it("refuses a public key without 32 bytes", () => {
    expect(() => verifierKey(sha256, { name: "a", type: "ed25519", publicKey: new Uint8Array(33) })).toThrow(AppError);
  });
});
