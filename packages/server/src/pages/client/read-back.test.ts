import { describe, expect, it } from "vitest";
import { readBack } from "./read-back.ts";

describe("readBack", () => {
  it("puts what stands on the page into the frame", () => {
    const json = JSON.stringify({
      sentence: "frame",
      holds: [{ reason: "frame" }],
      human: { name: "frame" },
      resources: ["frame", "frame"],
      task: null,
      rest: "kept",
    });
    const places = [
      ["sentence", "page"],
      ["holds.0.reason", "a⟨U+202E⟩b"],
      ["resources.1", "file:/b"],
      ["human.name", "p\u0430⟨U+0430⟩y"],
    ] as const;
    expect(readBack(json, places)).toEqual({
      sentence: "page",
      holds: [{ reason: "a\u202eb" }],
      human: { name: "p\u0430y" },
      resources: ["frame", "file:/b"],
      task: null,
      rest: "kept",
    });
  });

  it("throws when the page shows what the frame lacks", () => {
    expect(() => readBack('{"task":null}', [["task.name", "x"]])).toThrow(TypeError);
  });
});
