import { EFFECTS, type Effect } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ToolAnnotations, effectOfTool } from "./effect-of-tool.ts";

const READ_ONLY: ToolAnnotations = { readOnlyHint: true };
const CASES: readonly (readonly [string, ToolAnnotations | null, Effect])[] = [
  ["read_file", READ_ONLY, "read"],
  ["read_file", { readOnlyHint: true, openWorldHint: true, destructiveHint: true }, "read"],
  ["read_file", {}, "destructive"],
  ["read_file", { readOnlyHint: false, destructiveHint: true }, "destructive"],
  ["read_file", { destructiveHint: false, openWorldHint: true }, "external"],
  ["read_file", { destructiveHint: false, openWorldHint: false }, "write"],
  ["read_file", { destructiveHint: false }, "write"],
  ["read_file", null, "unknown"],
  ["delete_file", null, "unknown"],
  ["delete_file", READ_ONLY, "destructive"],
  ["deleteFile", READ_ONLY, "destructive"],
  ["HTTPDelete2", READ_ONLY, "destructive"],
  ["files.purge", READ_ONLY, "destructive"],
  ["send-mail", READ_ONLY, "external"],
  ["send_and_delete", READ_ONLY, "destructive"],
  ["create_issue", READ_ONLY, "write"],
  ["postal_code", READ_ONLY, "read"],
  ["settings", READ_ONLY, "read"],
];

describe("effectOfTool", () => {
  it.each(CASES)("%s with %o is %s", (tool, annotations, effect) => {
    expect(effectOfTool({}, annotations, tool)).toBe(effect);
  });

  it("takes the administrator's word above all", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EFFECTS), fc.constantFrom(null, READ_ONLY, {}), (word, annotations) => {
        expect(effectOfTool({ drop_table: word }, annotations, "drop_table")).toBe(word);
      }),
    );
  });

  it("does not take an object's inherited members for a word", () => {
    expect(effectOfTool({}, null, "toString")).toBe("unknown");
    expect(effectOfTool({}, READ_ONLY, "constructor")).toBe("read");
  });

  it("never lets an annotation lower what the name says", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), (readOnlyHint, destructiveHint, openWorldHint) => {
        expect(effectOfTool({}, { readOnlyHint, destructiveHint, openWorldHint }, "wipe_disk")).toBe("destructive");
      }),
    );
  });
});
