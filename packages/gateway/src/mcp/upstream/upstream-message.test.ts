import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readUpstreamMessage } from "./upstream-message.ts";

const read = (value: unknown): ReturnType<typeof readUpstreamMessage> =>
  readUpstreamMessage(Buffer.from(JSON.stringify(value)));

describe("readUpstreamMessage", () => {
  it("keeps the bytes of a result as they came", () => {
    const text = '{"result": {"b" : 1.0,"a":"\\u00e9"} ,"jsonrpc":"2.0","id":7}';
    const message = readUpstreamMessage(Buffer.from(text));
    expect(message?.kind === "result" && message.result.toString()).toBe('{"b" : 1.0,"a":"\\u00e9"}');
  });

  it("tells answers, errors, requests and notifications apart", () => {
    expect(read({ jsonrpc: "2.0", id: "x", error: { code: 1, message: "m", data: 2 } })).toMatchObject({
      kind: "error",
      id: "x",
    });
    expect(read({ jsonrpc: "2.0", error: { code: 1, message: "m" } })).toMatchObject({ kind: "error", id: null });
    expect(read({ jsonrpc: "2.0", id: 1, method: "ping" })).toEqual({ kind: "request", id: 1, method: "ping" });
    expect(read({ jsonrpc: "2.0", method: "n", params: { a: 1 } })).toEqual({
      kind: "notification",
      method: "n",
      params: { a: 1 },
    });
  });

  it.each([
    [{ id: 1, result: {} }, "no version"],
    [{ jsonrpc: "1.0", id: 1, result: {} }, "another version"],
    [{ jsonrpc: "2.0", id: 1, result: "text" }, "a result that is no object"],
    [{ jsonrpc: "2.0", id: 1, result: {}, error: { code: 1, message: "m" } }, "both result and error"],
    [{ jsonrpc: "2.0", id: 1 }, "neither"],
    [{ jsonrpc: "2.0", id: 1.5, result: {} }, "a broken id"],
    [{ jsonrpc: "2.0", id: null, result: {} }, "a result of nobody"],
    [{ jsonrpc: "2.0", id: 1, error: { code: "x", message: "m" } }, "an error without a number"],
    [{ jsonrpc: "2.0", method: 5 }, "a method that is no text"],
    [[{ jsonrpc: "2.0", id: 1, result: {} }], "a batch"],
  ] as [unknown, string][])("refuses %j (%s)", (value) => {
    expect(read(value)).toBeNull();
  });

  it("refuses bytes that are not UTF-8, and a small result that is only almost JSON", () => {
    expect(readUpstreamMessage(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"a":"\xff"}}', "latin1"))).toBeNull();
    expect(readUpstreamMessage(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"a":[1 2]}}'))).toBeNull();
  });

  it("never throws", () => {
    const whatever = fc.oneof(
      fc.uint8Array().map((raw) => Buffer.from(raw)),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(whatever, (raw) => {
        expect(() => readUpstreamMessage(raw)).not.toThrow();
      }),
    );
  });
});
