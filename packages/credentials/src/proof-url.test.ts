import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameUrl } from "./proof-url.ts";

const URL_ = "http://localhost:7331/mcp/files";

describe("sameUrl", () => {
  it.each([
    URL_,
    "HTTP://LOCALHOST:7331/mcp/files",
    `${URL_}?q=1`,
    `${URL_}#f`,
    "http://localhost:7331/mcp/x/../files",
    "http://localhost:7331/mcp/%66iles",
  ])("takes %s", (claimed) => {
    expect(sameUrl(claimed, URL_)).toBe(true);
  });
  it("knows the default port and the empty path", () => {
    expect(sameUrl("https://a.example:443", "https://a.example/")).toBe(true);
    expect(sameUrl("https://a.example/%2f", "https://a.example/%2F")).toBe(true);
  });
  it.each([
    "https://localhost:7331/mcp/files",
    "http://localhost:7332/mcp/files",
    "http://localhost:7331/mcp/files/",
    "http://localhost:7331/MCP/files",
    "http://localhost:7331/mcp%2Ffiles",
    "http://user@localhost:7331/mcp/files",
    "http://localhost:7331\\mcp/files",
    "http://localhost:7331/mcp/fi\tles",
    " http://localhost:7331/mcp/files",
    "//localhost:7331/mcp/files",
    "/mcp/files",
    "",
    "javascript:alert(1)",
  ])("refuses %s", (claimed) => {
    expect(sameUrl(claimed, URL_)).toBe(false);
  });
  it("refuses user information even when both sides have it", () => {
    expect(sameUrl("http://u@localhost/", "http://u@localhost/")).toBe(false);
  });
  it("answers on any text", () => {
    fc.assert(
      fc.property(fc.string(), fc.webUrl(), (a, b) => {
        expect(sameUrl(a, b)).toBeTypeOf("boolean");
      }),
    );
  });
});
