import { type JsonObject, type UpstreamRecord, isJsonObject } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formMethodCall, isMethodAction, resourceName } from "./method-call.ts";
import { terms } from "./testing/permit-point.ts";

const record: UpstreamRecord<"mcp"> = {
  kind: "upstream",
  id: "docs",
  version: 1,
  terms: terms({}),
  state: { status: "active" },
  authority: null,
};
const form = (method: string, params: JsonObject): ReturnType<typeof formMethodCall> =>
  formMethodCall(method, params, { upstream: "docs", record, argumentsBytes: 1000 });
const METHODS = [
  "resources/read",
  "resources/subscribe",
  "prompts/get",
  "completion/complete",
  "subscriptions/listen",
] as const;

describe("resourceName", () => {
  it.each([
    ["file:///srv/a.txt", "file:/srv/a.txt"],
    ["https://example.com/a", "https://example.com/a"],
    ["test://static", "mcp:docs"],
    ["demo://x/../y", "mcp:docs"],
  ])("%s is %s", (uri, resource) => expect(resourceName(uri, "docs")).toEqual({ ok: true, resource }));

  it.each([
    ["/etc/passwd", "no scheme"],
    ["file:a.txt", "relative"],
    ["FILE:///a", "capitals"],
    ["file://host/a", "a host"],
    ["file:///a%2e%2e/b", "escapes"],
    ["https://user@example.com/", "a user"],
    ["https://EXAMPLE.com/a", "not normal"],
    ["file:///a\n", "control"],
    [`x:${"a".repeat(5000)}`, "too long"],
    [7, "no text"],
    [undefined, "absent"],
  ])("refuses %j: %s", (uri, _why) => expect(resourceName(uri, "docs").ok).toBe(false));

  it("never names a place above the one that it shows", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("..", ".", "a", "", "b c", "%2e")), (parts) => {
        const named = resourceName(`file:///${parts.join("/")}`, "docs");
        expect(named.ok ? named.resource.split("/") : []).not.toContain("..");
      }),
    );
  });
});

describe("formMethodCall", () => {
  it("keeps only what the protocol knows, as a read of what is named", () => {
    const call = form("resources/read", { uri: "file:///srv/a", extra: 1, _meta: { progressToken: 1 } });
    expect(call).toMatchObject({ action: "mcp:docs#resources/read", resource: "file:/srv/a", effect: "read" });
    expect(call).toHaveProperty("arguments", { uri: "file:///srv/a" });
    const complete = {
      ref: { type: "ref/resource", uri: "file:///srv/{name}", other: 1 },
      argument: { name: "ext", value: "t", other: 1 },
      context: { arguments: { name: "a" } },
    };
    expect(form("completion/complete", complete)).toMatchObject({ resource: "file:/srv/a" });
  });

  it.each<[string, JsonObject]>([
    ["resources/read", {}],
    ["prompts/get", { name: "" }],
    ["prompts/get", { name: "a", arguments: [] }],
    ["completion/complete", { ref: { type: "ref/prompt", name: "a" } }],
    ["completion/complete", { ref: { type: "ref/other" }, argument: { name: "a", value: "b" } }],
    ["subscriptions/listen", {}],
    ["prompts/get", { name: "a".repeat(2000) }],
  ])("refuses %s %j", (method, params) => {
    expect(form(method, params)).toMatchObject({
      refused: { step: "input" },
      action: `mcp:docs#${method}`,
    });
  });

  it("answers every input with a call or a refusal, and all of the call's bytes are known ones", () => {
    fc.assert(
      fc.property(fc.constantFrom(...METHODS), fc.dictionary(fc.string(), fc.jsonValue()), (method, params) => {
        const call = form(method, params as JsonObject);
        expect(isMethodAction(method)).toBe(true);
        expect("refused" in call || isJsonObject(call.arguments)).toBe(true);
      }),
    );
  });

  it("refuses for an upstream that there is not", () => {
    const none = formMethodCall("prompts/get", { name: "a" }, { upstream: "x", record: null, argumentsBytes: 10 });
    expect(none).toMatchObject({ refused: { code: "upstream.unknown" }, resource: null });
  });
});
