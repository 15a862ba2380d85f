import { describe, expect, it } from "vitest";
import { mappedArguments, parseMapping, placesOf } from "./mapping.ts";

describe("parseMapping", () => {
  it("keeps one text as it is, and of a list each text once in its order", () => {
    expect(parseMapping("file:{path}")).toEqual({ ok: true, mapping: "file:{path}" });
    expect(parseMapping(["file:{path}"])).toEqual({ ok: true, mapping: "file:{path}" });
    expect(parseMapping(["file:{to}", "file:{from}", "file:{to}"])).toEqual({
      ok: true,
      mapping: ["file:{to}", "file:{from}"],
    });
  });

  it.each([
    ["nothing", [], "names nothing"],
    ["two lists in one text", "file:{folders[]}/{names[]}", "more than one list"],
    ["too many", Array.from({ length: 17 }, (_, i) => `file:{a${String(i)}}`), "more than 16"],
  ])("refuses %s", (_, given, reason) => {
    expect(parseMapping(given)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  it("knows the arguments of its places", () => {
    expect(placesOf("x:{a}/{b[]}")).toEqual([
      { argument: "a", each: false },
      { argument: "b", each: true },
    ]);
    expect(placesOf("x:{[]}")).toEqual([{ argument: "[]", each: false }]);
    expect(mappedArguments(["file:{a}", "file:{b[]}", "file:{a}/x"])).toEqual(["a", "b"]);
  });
});
