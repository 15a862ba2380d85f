import type { Json, JsonObject } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { offerOf } from "./client-offer.ts";
import { addressesIn, readAnswer, readQuestion } from "./question.ts";

const METHODS = ["sampling/createMessage", "elicitation/create", "roots/list"] as const;
const context = (declared: JsonObject, declined = false) => ({
  upstream: "docs",
  offer: offerOf(declared),
  declined,
  ownOrigin: "http://localhost:7330",
});
const ALL = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} };
const MARK = "Asked by the server `docs`, not by Countersign: ";
const FORM = { message: "?", requestedSchema: { type: "object", properties: {} } };

describe("readQuestion", () => {
  it("asks nothing that the client did not offer", () => {
    fc.assert(
      fc.property(fc.constantFrom(...METHODS), fc.jsonValue(), (method, params) => {
        expect(readQuestion(method, params, context({})).ok).toBe(false);
      }),
    );
    expect(readQuestion("elicitation/create", { ...FORM, mode: "url" }, context({ elicitation: {} })).ok).toBe(false);
    expect(readQuestion("elicitation/create", FORM, context({ elicitation: { url: {} } })).ok).toBe(false);
    expect(readQuestion("sampling/createMessage", { tools: [] }, context({ sampling: {} })).ok).toBe(false);
  });

  it("passes only what the protocol knows of an elicitation, with the name of who asks", () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), (message, more) => {
        const asked = { ...more, ...FORM, mode: "form", message };
        const read = readQuestion("elicitation/create", asked, context(ALL));
        const { message: shown, ...rest } = read.ok && "question" in read ? read.question.params : { message: null };
        expect(Object.keys(rest).every((name) => name === "mode" || name === "requestedSchema")).toBe(true);
        expect(shown ?? MARK).toMatch(/^Asked by the server `docs`, not by Countersign: /);
        expect(shown ?? "").not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it("answers in the client's name after a no, and only with a no", () => {
    expect(readQuestion("elicitation/create", FORM, context(ALL, true))).toEqual({
      ok: true,
      answer: { action: "decline" },
    });
  });

  it("passes no form that a terminal would show otherwise than it is", () => {
    const odd = "\u001b[2J\u202eapprove\n";
    const asked = (field: JsonObject, name = "a"): unknown => {
      const requestedSchema = { type: "object", properties: { [name]: { type: "string", ...field } } };
      const read = readQuestion("elicitation/create", { message: "?", requestedSchema }, context(ALL));
      return read.ok && "question" in read ? read.question.params["requestedSchema"] : read;
    };
    expect(asked({ title: odd, description: "a\nb" })).toEqual({
      type: "object",
      properties: { a: { type: "string", title: "\\u{1b}[2J\\u{202e}approve", description: "a\\u{a}b" } },
    });
    for (const field of [{ enum: ["a", odd] }, { default: odd }, { oneOf: [{ const: odd, title: "a" }] }])
      expect(asked(field)).toMatchObject({ ok: false });
    expect(asked({}, odd)).toMatchObject({ ok: false });
    expect(asked({ enum: ["ä", "日本"], default: "ä" })).toMatchObject({ type: "object" });
  });

  it("sends nobody to our own pages, by whatever name", () => {
    const asked = (url: string, ownOrigin = "http://localhost:7330"): boolean =>
      readQuestion("elicitation/create", { mode: "url", message: "?", url }, { ...context(ALL), ownOrigin }).ok;
    const names = ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "2130706433", "0"];
    for (const name of [...names, "[::1]", "[::]", "[::ffff:127.0.0.1]"]) {
      expect([name, asked(`http://${name}:7330/approve/apr_1`)]).toEqual([name, false]);
      expect([name, asked(`http://${name}:7339/login`)]).toEqual([name, true]);
    }
    expect(asked("http://localhost:7330@docs.example/")).toBe(false);
    expect(asked("https://docs.example:7330/")).toBe(true);
    const own = "https://sign.example";
    for (const url of ["https://sign.example./x", "https://SIGN.example:443/x"]) expect(asked(url, own)).toBe(false);
    expect(asked("https://docs.sign.example/x", own)).toBe(true);
  });

  it("is bounded in size and depth", () => {
    const deep = JSON.parse(`${"[".repeat(80)}${"]".repeat(80)}`) as Json;
    expect(readQuestion("sampling/createMessage", { messages: deep }, context(ALL)).ok).toBe(false);
    expect(readQuestion("sampling/createMessage", { a: "x".repeat(300_000) }, context(ALL)).ok).toBe(false);
  });
});

describe("readAnswer", () => {
  it("passes on only what answers such a question", () => {
    fc.assert(
      fc.property(fc.constantFrom(...METHODS), fc.jsonValue(), (method, value) => {
        const read = readAnswer(method, value as Json, () => true);
        const { action = null, roots = null } = read.ok ? read.result : {};
        const elicited =
          method !== "elicitation/create" || ["accept", "decline", "cancel"].some((known) => known === action);
        expect(!read.ok || (elicited && (method !== "roots/list" || Array.isArray(roots)))).toBe(true);
      }),
    );
    const no = { action: "decline", content: { secret: 1 } };
    expect(readAnswer("elicitation/create", no, () => true).ok).toBe(false);
    expect(
      readAnswer("elicitation/create", { action: "accept", content: { a: "x".repeat(3_000_000) } }, () => true).ok,
    ).toBe(false);
  });

  it("tells of roots only those that may be told, by address and name", () => {
    const roots = [{ uri: "file:///a", name: "A", extra: 1 }, { uri: "file:///b" }, { uri: 7 }, 7];
    const read = readAnswer("roots/list", { roots, other: 1 }, (uri) => uri === "file:///a");
    expect(read).toEqual({ ok: true, result: { roots: [{ uri: "file:///a", name: "A" }] } });
  });
});

it("addresses within an error follow the same rules, whatever it holds", () => {
  fc.assert(
    fc.property(fc.anything(), (data) => {
      expect(Object.keys(addressesIn(data, "docs", "http://localhost:7330"))).toEqual(["elicitations"]);
    }),
  );
});
