import { type Json, MOST_RESOURCES } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resourceOf } from "./resource-of.ts";
import { resourcesOf } from "./resources-of.ts";

const MOVE = ["file:{source}", "file:{destination}"];
const MANY = "file:{paths[]}";
const many = (paths: unknown): ReturnType<typeof resourcesOf> => resourcesOf(MANY, { paths } as never, "mcp:files");
const ok = (...all: string[]): object => ({ ok: true, first: all[0], all });

describe("resourcesOf", () => {
  it("names all that a tool acts on, each once", () => {
    expect(resourcesOf(MOVE, { source: "/a/../b", destination: "/c" }, "x")).toEqual(ok("file:/b", "file:/c"));
    expect(resourcesOf(MOVE, { source: "/a", destination: "//a" }, "x")).toEqual(ok("file:/a"));
    expect(many(["/a", "/b", "/a"])).toEqual(ok("file:/a", "file:/b"));
    expect(resourcesOf([MANY, "file:{to}"], { paths: ["/a"], to: "/b" }, "x")).toEqual(ok("file:/a", "file:/b"));
    expect(resourcesOf("x:{team}/{ids[]}", { team: "t", ids: ["1", "2"] }, "x")).toEqual(ok("x:t/1", "x:t/2"));
  });

  it("answers the fallback where there is no mapping", () => {
    expect(resourcesOf(undefined, { path: "/x" }, "mcp:files")).toEqual(ok("mcp:files"));
  });

  it.each([
    ["nothing", undefined],
    ["a text", "/a"],
    ["an object", { 0: "/a", length: 1 }],
    ["an empty list", []],
    ["a number among them", ["/a", 7]],
    ["nothing among them", ["/a", null]],
    ["a list among them", ["/a", ["/b"]]],
    ["an empty text among them", ["/a", ""]],
    ["a relative path among them", ["/a", "b"]],
    ["too many", Array.from({ length: MOST_RESOURCES + 1 }, () => "/a")],
    ["names that are too long together", Array.from({ length: 10 }, (_, i) => `/${String(i)}${"a".repeat(4000)}`)],
  ] as [string, unknown][])("refuses %s", (_, paths) => {
    expect(many(paths)).toMatchObject({ ok: false });
  });

  it("refuses a second name that is missing or in doubt, and a mapping through two lists", () => {
    expect(resourcesOf(MOVE, { source: "/a" }, "x")).toMatchObject({ ok: false });
    expect(resourcesOf(MOVE, { source: "/a", destination: "b" }, "x")).toMatchObject({ ok: false });
    expect(resourcesOf("file:{a[]}{b[]}", { a: ["/a"], b: ["b"] }, "x")).toMatchObject({ ok: false });
    expect(resourcesOf([], {}, "x")).toMatchObject({ ok: false });
  });

  it("takes no list from a prototype", () => {
    expect(resourcesOf("x:{constructor[]}", {}, "y")).toMatchObject({ ok: false });
  });

  it("judges every element as it would alone, or none", () => {
    const element = fc.oneof(
      fc.string({ unit: fc.constantFrom("/", ".", "a", "\\", ":", " ", "*") }),
      fc.constantFrom<Json>("/a", "/b/c", null, 1, [], ["/a"]),
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 5 }), (paths) => {
        const alone = paths.map((path) => resourceOf("file:{path}", { path }));
        const mapped = many(paths);
        const names = new Set(alone.flatMap((one) => (one.ok ? [one.resource] : [])));
        const isSure = paths.length > 0 && alone.every((one) => one.ok);
        expect(mapped.ok ? mapped.all : null).toEqual(isSure ? [...names] : null);
      }),
    );
  });
});
