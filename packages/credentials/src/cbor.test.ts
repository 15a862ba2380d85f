import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCbor } from "./cbor.ts";
import { readCoseKey } from "./cose-key.ts";
import { encodeCbor } from "./testing/cbor-encode.ts";
import { createSoftAuthenticator } from "./testing/soft-authenticator.ts";
import type { SoftAuthenticator } from "./testing/soft-authenticator.ts";

const read = (hex: string): unknown => {
  const result = readCbor(Buffer.from(hex, "hex"));
  return result.ok ? result.value : "refused";
};

describe("readCbor", () => {
  // Examples of RFC 8949 appendix A.
  it.each([
    ["00", 0],
    ["17", 23],
    ["1818", 24],
    ["1903e8", 1000],
    ["1a000f4240", 1_000_000],
    ["20", -1],
    ["3863", -100],
    ["3903e7", -1000],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["6449455446", "IETF"],
    ["62c3bc", "ü"],
    ["4401020304", Buffer.from([1, 2, 3, 4])],
    ["83010203", [1, 2, 3]],
    ["a0", new Map()],
    [
      "a201020304",
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
  ])("reads %s", (hex, value) => {
    expect(read(hex)).toEqual(value);
  });
  it.each([
    ["nothing", ""],
    ["an integer that is cut off", "19ff"],
    ["an integer that is longer than needed", "1817"],
    ["two bytes for one", "190018"],
    ["64 bits", "1b000000e8d4a51000"],
    ["an indefinite length", "5f42010243030405ff"],
    ["a tag", "c11a514b67b0"],
    ["a float", "f93c00"],
    ["undefined", "f7"],
    ["text that is not UTF-8", "61ff"],
    ["bytes that are cut off", "44010203"],
    ["an array that never ends", "9affffffff"],
    ["a map that never ends", "baffffffff"],
    ["an array that is too long", `9841${"00".repeat(65)}`],
    ["a map that is too long", `b841${Array.from({ length: 65 }, (_, i) => `18${(i + 24).toString(16)}00`).join("")}`],
    ["a key twice", "a201020103"],
    ["a key that is bytes", "a1410102"],
    ["too deep", "818181818100"],
  ])("refuses %s", (_name, hex) => {
    expect(read(hex)).toBe("refused");
  });
  it("answers on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(readCbor(bytes)).toHaveProperty("ok");
      }),
      { numRuns: 2000 },
    );
  });
  it("tells where the item ends", () => {
    expect(readCbor(Buffer.from("0001", "hex"))).toEqual({ ok: true, value: 0, end: 1 });
  });
});

describe("readCoseKey", () => {
  const [ed, ec, rsa] = ([-8, -7, -257] as const).map((algorithm) =>
    createSoftAuthenticator({ rpId: "localhost", origin: "x", algorithm }),
  );
  const cose = (members: [number, number | Uint8Array][]): string => encodeCbor(new Map(members)).toString("base64url");
  const x = Buffer.alloc(32, 9);
  /** A good key with one member replaced. */
  const coseOf = (good: SoftAuthenticator | undefined, [member, value]: [number, number | Uint8Array]): string => {
    const read = readCbor(Buffer.from(good?.publicKey ?? "", "base64url"));
    const members = (read.ok ? read.value : new Map()) as ReadonlyMap<number, number | Uint8Array>;
    return encodeCbor(new Map([...members, [member, value]])).toString("base64url");
  };

  it("reads the three algorithms", () => {
    expect([ed, ec, rsa].map((one) => readCoseKey(one?.publicKey ?? "")?.algorithm)).toEqual([-8, -7, -257]);
  });
  it.each([
    ["no base64url", "!"],
    ["no map", encodeCbor(1).toString("base64url")],
    [
      "bytes after the key",
      Buffer.concat([Buffer.from(ed?.publicKey ?? "", "base64url"), Buffer.alloc(1)]).toString("base64url"),
    ],
    [
      "another algorithm",
      cose([
        [1, 1],
        [3, -9],
        [-1, 6],
        [-2, x],
      ]),
    ],
    [
      "another curve",
      cose([
        [1, 1],
        [3, -8],
        [-1, 7],
        [-2, x],
      ]),
    ],
    [
      "a key type that does not fit",
      cose([
        [1, 2],
        [3, -8],
        [-1, 6],
        [-2, x],
      ]),
    ],
    [
      "a short coordinate",
      cose([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, x.subarray(1)],
      ]),
    ],
    [
      "a point of small order",
      cose([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, Buffer.alloc(32)],
      ]),
    ],
    [
      "a point off the curve",
      cose([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, x],
        [-3, x],
      ]),
    ],
    ["a key type that is not that of P-256", coseOf(ec, [1, 1])],
    ["a curve that is not P-256", coseOf(ec, [-1, 2])],
    ["a short x on P-256", coseOf(ec, [-2, x.subarray(1)])],
    ["a short y on P-256", coseOf(ec, [-3, x.subarray(1)])],
    ["a key type that is not that of RSA", coseOf(rsa, [1, 2])],
    ["an RSA modulus that is a number", coseOf(rsa, [-1, 5])],
    [
      "a short RSA key",
      cose([
        [1, 3],
        [3, -257],
        [-1, Buffer.alloc(128, 255)],
        [-2, Buffer.from([1, 0, 1])],
      ]),
    ],
    [
      "an RSA key padded to length",
      cose([
        [1, 3],
        [3, -257],
        [-1, Buffer.alloc(256, 1)],
        [-2, Buffer.from([1, 0, 1])],
      ]),
    ],
    [
      "another RSA exponent",
      cose([
        [1, 3],
        [3, -257],
        [-1, Buffer.alloc(256, 255)],
        [-2, Buffer.from([0, 0, 3])],
      ]),
    ],
    [
      "an endless RSA key",
      cose([
        [1, 3],
        [3, -257],
        [-1, Buffer.alloc(1025, 255)],
        [-2, Buffer.from([1, 0, 1])],
      ]),
    ],
  ])("refuses %s", (_name, text) => {
    expect(readCoseKey(text)).toBeNull();
  });
});
