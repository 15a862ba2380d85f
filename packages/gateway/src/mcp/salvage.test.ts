import { describe, expect, it } from "vitest";
import { salvage } from "./salvage.ts";

describe("salvage", () => {
  it("finds the call that a broken body was meant as", () => {
    const body = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"write","arguments":{"a":1,"a":2}}}';
    const found = salvage(Buffer.from(body), "input.duplicate_key", "files");
    expect(found).toMatchObject({
      message: { id: 7, era: "legacy", params: { name: "write" } },
      fault: { action: "mcp:files/write", refused: { code: "input.duplicate_key" } },
    });
  });

  it.each([
    "",
    "[]",
    "7",
    "{",
    '{"method":"tools/call"}',
    '{"id":1,"method":"ping"}',
    '{"id":{},"method":"tools/call"}',
    "\xff",
  ])("finds nothing in %j", (body) => {
    expect(salvage(Buffer.from(body, "latin1"), "input.invalid_json", "files")).toBeNull();
  });
});
