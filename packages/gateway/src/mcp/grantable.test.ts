import type { Grant } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { type Grantable, grantableOf } from "./grantable.ts";
import { PermitPoint, terms } from "./testing/permit-point.ts";

function grantable(...grants: readonly Grant[]): Grantable {
  const point = new PermitPoint({ docs: terms({}) });
  point.grants = grants;
  return grantableOf({ point }, point.openTask().chain.task, "docs");
}

describe("what the grants of a task could cover", () => {
  it("is nothing of another server", () => {
    const other = grantable({ action: "mcp:files/*", resource: "**" });
    expect(other.any).toBe(false);
    expect(other.tool("read", undefined)).toBe(false);
    expect(other.resource("file:///a")).toBe(false);
  });

  it("is a tool whose resource, whatever its arguments, the grant could touch", () => {
    const narrow = grantable({ action: "mcp:docs/read", resource: "file:/srv/**" });
    expect(narrow.any).toBe(true);
    expect(narrow.tool("read", "file:{path}")).toBe(true);
    expect(narrow.tool("read", undefined)).toBe(false);
    expect(narrow.tool("write", "file:{path}")).toBe(false);
    expect(narrow.tool("read", "file:/etc/{name}")).toBe(false);
  });

  it("is a tool of several resources only when each of them could be touched", () => {
    const narrow = grantable({ action: "mcp:docs/*", resource: "file:/srv/**" });
    expect(narrow.tool("move", ["file:{source}", "file:{destination}"])).toBe(true);
    expect(narrow.tool("read", "file:{paths[]}")).toBe(true);
    expect(narrow.tool("copy", ["file:{source}", "https://{host}/"])).toBe(false);
  });

  it("is a resource or a template that could become one, and the methods that are granted", () => {
    const reads = grantable({ action: "mcp:docs#resources/*", resource: "file:/srv/**" });
    expect(reads.resource("file:///srv/a")).toBe(true);
    expect(reads.resource("file:///etc/passwd")).toBe(false);
    expect(reads.resource("file:///srv/{name}")).toBe(true);
    expect(reads.resource("test://own")).toBe(false);
    expect(reads.resource("not an address")).toBe(false);
    expect(reads.method("prompts/get")).toBe(false);
    expect(grantable({ action: "mcp:docs#prompts/get", resource: "mcp:docs" }).method("prompts/get")).toBe(true);
  });

  it("is a folder only as a whole: no upstream hears of one that the grants reach in part", () => {
    const part = grantable({ action: "mcp:docs/*", resource: "file:/srv/plans/**" });
    expect(part.root("file:///srv/plans")).toBe(true);
    expect(part.root("file:///srv/plans/deep/")).toBe(true);
    expect(part.root("file:///srv")).toBe(false);
    expect(part.root("https://example.com/")).toBe(false);
  });

  it("is nothing of a task that there is not", () => {
    const point = new PermitPoint({ docs: terms({}) });
    expect(grantableOf({ point }, "tsk_0000000000000000000000", "docs").any).toBe(false);
  });
});
