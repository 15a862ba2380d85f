import { describe, expect, it } from "vitest";
import type { UpstreamRecord, McpTerms } from "@countersign/core";
import { type FormOptions, formCall } from "./form-call.ts";
import { terms } from "./testing/permit-point.ts";
import { toolDefinition } from "./tool-definition.ts";

const definition = toolDefinition({ name: "read", inputSchema: {}, annotations: { readOnlyHint: true } });
const hash = definition?.hash ?? "";

function form(
  params: object,
  parts: Partial<McpTerms> = {},
  options: Partial<FormOptions> = {},
): ReturnType<typeof formCall> {
  const record: UpstreamRecord<"mcp"> = {
    kind: "upstream",
    id: "files",
    version: 1,
    terms: terms({ pins: { read: hash }, ...parts }),
    state: { status: "active" },
    authority: "genesis",
  };
  const accepted = (_: string, wanted: string): typeof definition => (wanted === hash ? definition : null);
  return formCall(params as never, {
    upstream: "files",
    record,
    argumentsBytes: 100,
    accepted,
    offered: () => false,
    ...options,
  });
}
const code = (call: ReturnType<typeof formCall>): string => ("refused" in call ? call.refused.code : "formed");

describe("formCall", () => {
  it("rests on the accepted definition, the classification and the mapping", () => {
    const mapped = { resources: { read: "file:{path}" } };
    expect(form({ name: "read", arguments: { path: "/a" } }, mapped)).toEqual({
      upstream: "files",
      method: "tools/call",
      tool: "read",
      toolDefinitionHash: hash,
      action: "mcp:files/read",
      resource: "file:/a",
      effect: "read",
      arguments: { path: "/a" },
    });
    expect(form({ name: "read" })).toMatchObject({ resource: "mcp:files", arguments: {} });
    expect(form({ name: "read" }, { effects: { read: "external" } })).toMatchObject({ effect: "external" });
    expect(form({ name: "read" }, {}, { accepted: () => null })).toMatchObject({ effect: "unknown" });
  });

  it("names all resources of a tool that has several, and a single one as ever", () => {
    const mapped = { resources: { read: ["file:{path}", "file:{more[]}"] } };
    expect(form({ name: "read", arguments: { path: "/a", more: ["/b", "/c"] } }, mapped)).toMatchObject({
      resource: "file:/a",
      resources: ["file:/a", "file:/b", "file:/c"],
    });
    expect(form({ name: "read", arguments: { path: "/a", more: ["/a"] } }, mapped)).not.toHaveProperty("resources");
    expect(code(form({ name: "read", arguments: { path: "/a", more: [] } }, mapped))).toBe("input.invalid_json");
  });

  it.each([
    ["an upstream that there is not", form({ name: "read" }, {}, { record: null }), "upstream.unknown"],
    ["a tool that there is not", form({ name: "drop" }), "tool.unknown"],
    ["a tool that was not accepted", form({ name: "drop" }, {}, { offered: () => true }), "tool.definition_changed"],
    ["anything before it was accepted", form({ name: "read" }, { pins: null }), "tool.definition_changed"],
    ["no name", form({}), "tool.unknown"],
    ["a name from a prototype", form({ name: "constructor" }), "tool.unknown"],
    ["a name that is none", form({ name: "a b" }), "tool.unknown"],
    ["arguments that are no object", form({ name: "read", arguments: [1] }), "input.invalid_json"],
    ["arguments beyond the bound", form({ name: "read", arguments: { a: "é".repeat(60) } }), "input.too_large"],
    [
      "no argument for the mapping",
      form({ name: "read" }, { resources: { read: "file:{path}" } }),
      "input.invalid_json",
    ],
  ])("refuses %s", (_, call, expected) => {
    expect(code(call)).toBe(expected);
  });

  it("records a name that is none under the method", () => {
    expect(form({ name: "a b\n" }).action).toBe("mcp:files#tools/call");
  });
});
