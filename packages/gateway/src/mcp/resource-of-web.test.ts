import { describe, expect, it } from "vitest";
import { resourceOf } from "./resource-of.ts";

const of = (url: string): ReturnType<typeof resourceOf> => resourceOf("{url}", { url });

describe("resourceOf: a name that upstreams read as an address", () => {
  it("names the address without its question, so that a question cannot name another place", () => {
    expect(of("https://good.example/public/a?x=/../../b")).toEqual({
      ok: true,
      resource: "https://good.example/public/a",
    });
    expect(of("https://good.example/admin?/../public/x")).toEqual({ ok: true, resource: "https://good.example/admin" });
    expect(of("https://good.example/admin#/../public/x")).toEqual({ ok: true, resource: "https://good.example/admin" });
    expect(of("https://good.example")).toEqual({ ok: true, resource: "https://good.example/" });
  });

  it.each([
    "HTTPS://good.example/a",
    "https://GOOD.example/a",
    "https:good.example/a",
    "https:/good.example/a",
    "https://good.example:443/a",
    "https://evil.example\\.good.example/a",
    "https://evil.example?.good.example/a",
    "https://evil.example#.good.example/a",
    "https://good.example@evil.example/a",
    "https://good.example/public/%2e%2e/admin",
    "https://good.example/public/..%2fadmin",
    "https://good.example/public/../admin",
    "https://good.example/public\\..\\admin",
    "FILE:///srv/a",
    "file://host/srv/a",
    "file:///srv/%61",
  ])("refuses %s, which others read otherwise", (url) => {
    expect(of(url)).toMatchObject({ ok: false });
  });

  it("gives a file address the name that a path has", () => {
    expect(of("file:///srv/a")).toEqual({ ok: true, resource: "file:/srv/a" });
    expect(of("file:/srv/a")).toEqual({ ok: true, resource: "file:/srv/a" });
  });

  it.each([
    ["tickets:{project}/{id}", { project: "secret", id: "../public/1" }],
    ["tickets:{project}/{id}", { project: "..", id: "public" }],
    ["file:/srv/public/{name}", { name: "/etc/passwd" }],
    ["file:/srv/public/{name}", { name: "\\etc" }],
    ["file:/srv/public/{name}", { name: "../secret" }],
    ["file:/srv/public/{name}", { name: "~/secret" }],
    ["https://api.example/public/{path}", { path: "../admin" }],
    ["https://api.example/{path}", { path: "admin?x" }],
    ["https://api.example/{path}", { path: "a#b" }],
  ])("refuses for %s arguments that lead out of their place: %j", (template, args) => {
    expect(resourceOf(template, args)).toMatchObject({ ok: false });
  });
});
