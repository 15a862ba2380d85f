import { describe, expect, it } from "vitest";
import { mirroredParams, paramHeaders, paramMismatch } from "./param-headers.ts";

const SCHEMA = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    deep: { type: "object", properties: { count: { type: "integer", "x-mcp-header": "Count" } } },
    bad: { type: "string", "x-mcp-header": "not a token" },
    plain: { type: "string" },
  },
};
const params = mirroredParams(SCHEMA);
const mismatch = (args: object, headers: Record<string, string>): string | null =>
  paramMismatch(params, args as never, (name) => headers[name]);

describe("mirrored parameters", () => {
  it("are found at any depth, where they have the form of the specification", () => {
    expect(params).toEqual([
      { path: ["region"], header: "mcp-param-region" },
      { path: ["deep", "count"], header: "mcp-param-count" },
    ]);
    expect(mirroredParams(undefined)).toEqual([]);
  });

  it("are written and read back", () => {
    const args = { region: "é", deep: { count: 3 }, plain: "x" };
    const headers = paramHeaders(params, args);
    expect(headers).toEqual({ "mcp-param-region": "=?base64?w6k=?=", "mcp-param-count": "3" });
    expect(mismatch(args, headers)).toBeNull();
  });

  it("are refused when they are missing, too many, or say something else", () => {
    expect(mismatch({ region: "eu" }, {})).toBe("mcp-param-region");
    expect(mismatch({}, { "mcp-param-region": "eu" })).toBe("mcp-param-region");
    expect(mismatch({ region: "eu" }, { "mcp-param-region": "us" })).toBe("mcp-param-region");
    expect(mismatch({ region: null }, {})).toBeNull();
  });
});
