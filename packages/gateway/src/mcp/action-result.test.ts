import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readActionResult } from "./action-result.ts";

function shown(text: string, era: "legacy" | "modern", cached = false): unknown {
  const read = readActionResult(Buffer.from(text), cached);
  if (!read.ok) return read.reason;
  return "result" in read ? JSON.parse(Buffer.concat(read.result.pieces(era)).toString()) : read.input;
}

describe("readActionResult", () => {
  it("gives a legacy client the bytes as they came", () => {
    const text = '{"content" : [],"x":1.0}';
    const read = readActionResult(Buffer.from(text), false);
    expect(read.ok && "result" in read && Buffer.concat(read.result.pieces("legacy")).toString()).toBe(text);
  });

  it("gives a modern client the type of the result, and changes nothing else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const { resultType: _, _meta: __, ...result } = value;
        const expected = { ...(JSON.parse(JSON.stringify(result)) as object), resultType: "complete" };
        expect(shown(JSON.stringify(result), "modern")).toEqual(expected);
      }),
    );
    expect(shown('{"resultType":"complete","content":[]}', "modern")).toEqual({ resultType: "complete", content: [] });
  });

  it("knows an error", () => {
    expect(readActionResult(Buffer.from('{"isError":true}'), false)).toMatchObject({ result: { isError: true } });
    expect(readActionResult(Buffer.from('{"isError":"true"}'), false)).toMatchObject({ result: { isError: false } });
  });

  it("takes out what speaks in our name, however it is spelled", () => {
    expect(shown('{"_meta":{"dev.countersign/decision":1,"a":2},"content":[]}', "modern")).toEqual({
      resultType: "complete",
      _meta: { a: 2 },
      content: [],
    });
    expect(shown('{"_me\\u0074a":{"dev\\u002ecountersign/x":1}}', "legacy")).toEqual({ _meta: {} });
  });

  it("lets nobody keep what could be kept, and leaves out what another era says", () => {
    const text = '{"ttlMs":9,"contents":[],"cacheScope":"public","resultType":"complete"}';
    expect(shown(text, "modern", true)).toEqual({
      resultType: "complete",
      ttlMs: 0,
      cacheScope: "private",
      contents: [],
    });
    expect(shown("{}", "modern", true)).toEqual({ resultType: "complete", ttlMs: 0, cacheScope: "private" });
    expect(shown(text, "legacy", true)).toEqual(JSON.parse(text));
  });

  it("reads what is asked before the result", () => {
    const asked = { inputRequests: { q: { method: "roots/list" } }, requestState: "s" };
    expect(shown(JSON.stringify({ resultType: "input_required", ...asked }), "modern")).toEqual(asked);
    expect(shown('{"resultType":"input_required"}', "modern")).toEqual({ inputRequests: {}, requestState: null });
  });

  it.each([
    ['{"resultType":"input_required","inputRequests":[]}', "asks for input in a form"],
    ['{"resultType":"input_required","requestState":7}', "asks for input in a form"],
    ['{"resultType":7}', "kind of result"],
    ['{"_meta":[1],"_meta":{}}', "not one object"],
    ['{"_meta":7}', "no object"],
    [`{"_meta":{"a":"${"x".repeat(300_000)}"}}`, "too large"],
    ["[]", "not one object"],
  ])("refuses %.40s", (text, reason) => {
    expect(readActionResult(Buffer.from(text), false)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });
});
