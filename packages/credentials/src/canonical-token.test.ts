import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url, isBase64url } from "./base64url.ts";
import { TOKEN_LIMIT_BYTES, parseCompact } from "./canonical-token.ts";

const part = (text: string): string => Buffer.from(text).toString("base64url");
const refused = { ok: false, code: "credential.not_canonical" };

describe("base64url", () => {
  it("is canonical exactly when it re-encodes to itself", () => {
    const close = fc.stringMatching(/^[A-Za-z0-9_-]{0,9}[=+/ ]?$/);
    fc.assert(
      fc.property(fc.oneof(close, fc.string()), (text) => {
        const again = Buffer.from(text, "base64url").toString("base64url");
        expect(isBase64url(text)).toBe(again === text);
      }),
    );
  });
  it("gives every byte string back", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64url(encodeBase64url(bytes), bytes.length)).toEqual(Buffer.from(bytes));
      }),
    );
  });
  it("refuses more bytes than allowed", () => {
    expect(decodeBase64url("AAAA", 3)).toEqual(Buffer.alloc(3));
    expect(decodeBase64url("AAAAAA", 3)).toBeNull();
  });
});

describe("parseCompact", () => {
  it("reads the three parts", () => {
    const text = `${part('{"alg":"EdDSA"}')}.${part('{"a":1}')}.AAAA`;
    const parsed = parseCompact(text);
    expect(parsed).toMatchObject({
      ok: true,
      token: { header: { alg: "EdDSA" }, payload: { a: 1 }, signature: Buffer.alloc(3) },
    });
    expect(parsed.ok && parsed.token.signedBytes.toString()).toBe(text.slice(0, -5));
  });
  it.each([
    ["nothing", ""],
    ["two parts", `${part("{}")}.${part("{}")}`],
    ["four parts", `${part("{}")}.${part("{}")}.AAAA.AAAA`],
    ["an empty header", `.${part("{}")}.AAAA`],
    ["an empty payload", `${part("{}")}..AAAA`],
    ["an empty signature", `${part("{}")}.${part("{}")}.`],
    ["a space in the header", `${part("{}").slice(0, 1)} ${part("{}").slice(1)}.${part("{}")}.AAAA`],
    ["a line break at the end", `${part("{}")}.${part("{}")}.AAAA\n`],
    ["padding", `${part("{}")}=.${part("{}")}.AAAA`],
    ["unused bits in the signature", `${part("{}")}.${part("{}")}.AB`],
    ["unused bits in the payload", `${part("{}")}.e31.AAAA`],
    ["base64 instead of base64url", `${part("{}")}.${part("{}")}.+/AA`],
    ["a header that is no object", `${part("[]")}.${part("{}")}.AAAA`],
    ["a payload that is no JSON", `${part("{}")}.${part("{")}.AAAA`],
    ["a key twice", `${part("{}")}.${part('{"a":1,"a":2}')}.AAAA`],
    ["a critical extension", `${part('{"crit":["b64"],"b64":false}')}.${part("{}")}.AAAA`],
    ["too many characters", `${part("{}")}.${part("{}")}.${"A".repeat(TOKEN_LIMIT_BYTES)}`],
    ["too many bytes", `${part("{}")}.${part(JSON.stringify({ a: "x".repeat(TOKEN_LIMIT_BYTES) }))}.AAAA`],
  ])("refuses %s", (_name, text) => {
    expect(parseCompact(text)).toEqual(refused);
  });
  it("answers on any text", () => {
    const wild = fc.tuple(fc.string(), fc.string(), fc.string()).map((parts) => parts.map(part).join("."));
    fc.assert(
      fc.property(fc.oneof(fc.string(), wild), (text) => {
        expect(parseCompact(text)).toHaveProperty("ok");
      }),
    );
  });
});
