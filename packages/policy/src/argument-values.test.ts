import { type Json, parseJson } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CedarJson, type InexactPath, cedarValue } from "./argument-values.ts";
import type { ReadNode } from "./reads.ts";

const WHOLE: ReadNode = { whole: true, members: new Map() };
const PRESENCE: ReadNode = { whole: false, members: new Map() };

function converted(value: Json, node: ReadNode = WHOLE): { value: CedarJson | undefined; inexact: InexactPath[] } {
  const inexact: InexactPath[] = [];
  return { value: cedarValue(value, node, inexact), inexact };
}
function parsedJson(text: string): Json {
  const result = parseJson(text, { sizeBytes: 10_000, depth: 80 });
  if (!result.ok) throw new Error(result.code);
  return result.value;
}
const decimal = (arg: string): CedarJson => ({ __extn: { fn: "decimal", arg } });

describe("cedarValue", () => {
  it.each<[string, CedarJson]>([
    ["0", 0],
    ["-0", -0],
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992],
    ["9223372036854774000", 9223372036854774000],
    ["1.5", decimal("1.5")],
    ["-0.5", decimal("-0.5")],
    ["1.2345", decimal("1.2345")],
    ["922337203685477.5", decimal("922337203685477.5")],
    ["1.0", 1],
    ["1e3", 1000],
    ["true", true],
    ['"a/b"', "a/b"],
  ])("takes %s", (text, value) => {
    expect(converted(parsedJson(text))).toEqual({ value, inexact: [] });
  });

  it.each(["1.23456", "1e-7", "9223372036854775807e0", "1e19", "-1e30", "922337203685478.5", "1e300"])(
    "finds %s inexact",
    (text) => {
      const value = Number(text);
      expect(converted({ a: { n: value } })).toEqual({ value: { a: {} }, inexact: [["a", "n"]] });
    },
  );

  it("hands on a number as the text that is forwarded", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        const { value, inexact } = converted(n);
        const left = value === undefined;
        expect(inexact).toEqual(left ? [[]] : []);
        const whole = typeof value === "number" && /^-?\d+$/.test(JSON.stringify(value));
        expect(left || whole ? null : value).toEqual(left || whole ? null : decimal(String(n)));
      }),
    );
  });

  it("takes null for absent, but not inside a set", () => {
    expect(converted({ a: null, b: 1 })).toEqual({ value: { b: 1 }, inexact: [] });
    expect(converted({ a: [1, null] })).toEqual({ value: {}, inexact: [["a"]] });
  });

  it("makes a set inexact as a whole", () => {
    expect(
      converted({
        a: [
          [1, 2],
          ["x", { y: 1.5 }],
        ],
      }).value,
    ).toEqual({
      a: [
        [1, 2],
        ["x", { y: decimal("1.5") }],
      ],
    });
    expect(converted({ a: [[1.23456]], b: [{ c: 1e300 }] })).toEqual({ value: {}, inexact: [["a"], ["b"]] });
  });

  it("carries names that objects inherit as ordinary names", () => {
    const value = parsedJson('{"toString":1,"__proto__":{"constructor":2},"hasOwnProperty":"x"}');
    expect(JSON.stringify(converted(value).value)).toBe(
      '{"toString":1,"__proto__":{"constructor":2},"hasOwnProperty":"x"}',
    );
    const named = (name: string): ReadNode => ({ whole: false, members: new Map([[name, WHOLE]]) });
    expect(Object.keys(converted({}, named("toString")).value as object)).toEqual([]);
    expect(Object.keys(converted({}, named("__proto__")).value as object)).toEqual([]);
  });

  it.each(["__entity", "__extn", "__expr"])("does not let an argument pose as %s", (name) => {
    expect(converted({ a: { [name]: { type: "Human", id: "x" } } })).toEqual({ value: {}, inexact: [["a"]] });
    expect(converted({ a: [{ [name]: 1 }] })).toEqual({ value: {}, inexact: [["a"]] });
  });

  it("hands on only what is read, and no content where only presence counts", () => {
    const node: ReadNode = {
      whole: false,
      members: new Map([
        ["path", WHOLE],
        ["content", PRESENCE],
      ]),
    };
    const { value } = converted({ path: "/x", content: "a megabyte", other: 1.23456 }, node);
    expect(value).toEqual({ path: "/x", content: "" });
  });

  it("stops at depth 64", () => {
    const deep = (levels: number): Json => Array.from({ length: levels }).reduce<Json>((inner) => ({ a: inner }), 1);
    expect(converted(deep(64)).inexact).toEqual([]);
    expect(converted(deep(65)).inexact).toHaveLength(1);
    expect(converted({ a: deep(10_000) }).inexact).toHaveLength(1);
  });
});
