import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readToolResult } from "./tool-result.ts";

function shown(text: string, era: "legacy" | "modern"): unknown {
  const read = readToolResult(Buffer.from(text));
  return read.ok ? JSON.parse(Buffer.concat(read.result.pieces(era)).toString()) : read.reason;
}

describe("readToolResult", () => {
  it("gives a legacy client the bytes as they came", () => {
    const text = '{"content" : [],"x":1.0}';
    const read = readToolResult(Buffer.from(text));
    expect(read.ok && Buffer.concat(read.result.pieces("legacy")).toString()).toBe(text);
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
    expect(readToolResult(Buffer.from('{"isError":true}'))).toMatchObject({ result: { isError: true } });
    expect(readToolResult(Buffer.from('{"isError":"true"}'))).toMatchObject({ result: { isError: false } });
  });

  it("takes out what speaks in our name, however it is spelled", () => {
    expect(shown('{"_meta":{"dev.countersign/decision":1,"a":2},"content":[]}', "modern")).toEqual({
      resultType: "complete",
      _meta: { a: 2 },
      content: [],
    });
    expect(shown('{"_me\\u0074a":{"dev\\u002ecountersign/x":1}}', "legacy")).toEqual({ _meta: {} });
  });

  it.each([
    ['{"resultType":"input_required","inputRequests":{}}', "input of the user"],
    ['{"resultType":7}', "input of the user"],
    ['{"_meta":[1],"_meta":{}}', "not one object"],
    ['{"_meta":7}', "no object"],
    [`{"_meta":{"a":"${"x".repeat(300_000)}"}}`, "too large"],
    ["[]", "not one object"],
  ])("refuses %.40s", (text, reason) => {
    expect(readToolResult(Buffer.from(text))).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });
});
