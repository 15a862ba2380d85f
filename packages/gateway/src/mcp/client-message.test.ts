import { classifyInboundRequest } from "@modelcontextprotocol/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "@countersign/core";
import { readClientMessage } from "./client-message.ts";
import type { MirrorHeaders } from "./era-check.ts";
import { META } from "./protocol.ts";

const NONE: MirrorHeaders = { version: undefined, method: undefined, name: undefined };
const ENVELOPE = { [META.version]: "2026-07-28", [META.clientCapabilities]: {} };
const MODERN: MirrorHeaders = { version: "2026-07-28", method: "tools/call", name: "echo" };
const call = (meta: object = ENVELOPE, name: unknown = "echo"): Json =>
  ({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, _meta: meta } }) as Json;

function code(body: Json, headers: MirrorHeaders): number | null {
  const read = readClientMessage(body, headers);
  return read.ok ? null : read.fault.code;
}

describe("readClientMessage", () => {
  it("finds the era in the body", () => {
    expect(readClientMessage(call(), MODERN)).toMatchObject({ ok: true, message: { era: "modern", id: 1 } });
    expect(readClientMessage(call({}), NONE)).toMatchObject({ ok: true, message: { era: "legacy" } });
    expect(readClientMessage(call({ progressToken: 1 }), { ...NONE, version: "2025-06-18" })).toMatchObject({
      ok: true,
    });
  });

  it.each([
    ["another version", { ...MODERN, version: "2025-11-25" }],
    ["no version", { ...MODERN, version: undefined }],
    ["another method", { ...MODERN, method: "tools/list" }],
    ["no method", { ...MODERN, method: undefined }],
    ["another name", { ...MODERN, name: "delete" }],
    ["no name", { ...MODERN, name: undefined }],
    ["a name in broken base64", { ...MODERN, name: "=?base64?!?=" }],
    ["a name twice", { ...MODERN, name: "echo, echo" }],
  ])("refuses headers that do not say what the body says: %s", (_, headers) => {
    expect(code(call(), headers)).toBe(-32020);
  });

  it("takes a name in base64", () => {
    expect(code(call(ENVELOPE, "é"), { ...MODERN, name: "=?base64?w6k=?=" })).toBeNull();
  });

  it.each([
    ["no capabilities", { [META.version]: "2026-07-28" }, -32602],
    ["a version that is no text", { ...ENVELOPE, [META.version]: 7 }, -32602],
    ["a broken client name", { ...ENVELOPE, [META.clientInfo]: { name: 1 } }, -32602],
    ["a later version", { ...ENVELOPE, [META.version]: "2030-01-01" }, -32022],
  ])("refuses an envelope with %s", (_, meta, expected) => {
    const version = (meta as Record<string, unknown>)[META.version];
    expect(code(call(meta), { ...MODERN, version: typeof version === "string" ? version : "2026-07-28" })).toBe(
      expected,
    );
  });

  it("refuses a modern header without an envelope", () => {
    expect(code(call({}), MODERN)).toBe(-32602);
    expect(code({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} }, { ...NONE, version: "2026-07-28" })).toBe(
      -32020,
    );
  });

  it.each([
    [[call()], "a batch"],
    [[], "an empty batch"],
    ["x", "a text"],
    [{ jsonrpc: "1.0", id: 1, method: "ping" }, "another JSON-RPC"],
    [{ jsonrpc: "2.0", id: {}, method: "ping" }, "an id that is an object"],
    [{ jsonrpc: "2.0", id: null, method: "ping" }, "an id that is null"],
    [{ jsonrpc: "2.0", id: 1.5, method: "ping" }, "an id with a fraction"],
    [{ jsonrpc: "2.0", id: 1, method: 7 }, "a method that is no text"],
    [{ jsonrpc: "2.0", id: 1, method: "ping", params: [] }, "params in a list"],
    [{ jsonrpc: "2.0", id: 1, method: "ping", params: { _meta: 1 } }, "a `_meta` that is no object"],
  ] as [Json, string][])("refuses %j (%s)", (body) => {
    expect(code(body, NONE)).toBe(-32600);
  });

  it("knows answers", () => {
    expect(readClientMessage({ jsonrpc: "2.0", id: 1, result: {} }, NONE)).toEqual({
      ok: true,
      message: { kind: "response", id: 1, result: {} },
    });
  });

  it("judges like the official SDK", () => {
    const version = fc.constantFrom("2026-07-28", "2025-11-25", "2030-01-01", 7);
    const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const meta = fc.record(
      {
        [META.version]: version,
        [META.clientCapabilities]: fc.constantFrom<unknown>({}, 1),
        [META.clientInfo]: fc.constantFrom<unknown>({ name: "a", version: "1" }, { name: 1 }),
      },
      { requiredKeys: [] },
    );
    const method = fc.constantFrom("tools/call", "tools/list", "initialize", "notifications/x");
    const body = fc.record(
      { jsonrpc: fc.constant("2.0"), id: fc.constantFrom<unknown>(1, "a"), method, params: fc.record({ _meta: meta }) },
      { requiredKeys: ["jsonrpc", "method", "params"] },
    );
    const headers = fc.record({
      version: some(fc.constantFrom("2026-07-28", "2025-11-25", "2025-06-18")),
      method: some(method),
      name: fc.constant(undefined),
    });
    fc.assert(
      fc.property(body, headers, (message, mirrored) => {
        const theirs = classifyInboundRequest({
          httpMethod: "POST",
          body: message,
          ...(mirrored.version === undefined ? {} : { protocolVersionHeader: mirrored.version }),
          ...(mirrored.method === undefined ? {} : { mcpMethodHeader: mirrored.method }),
        });
        const ours = readClientMessage(message as Json, mirrored);
        // What they leave to later steps (missing headers, unserved versions) is refused here already.
        fc.pre(ours.ok || ![-32020, -32022].includes(ours.fault.code));
        const verdict = ours.ok ? (ours.message.kind === "request" ? ours.message.era : "served") : ours.fault.code;
        const served = "id" in message ? theirs.kind : "served";
        expect(verdict).toBe(theirs.kind === "reject" ? theirs.code : served);
      }),
      { numRuns: 3000 },
    );
  });
});
