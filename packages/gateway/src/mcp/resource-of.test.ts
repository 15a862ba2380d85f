import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resourceOf } from "./resource-of.ts";

const FILE = "file:{path}";
const of = (path: unknown): ReturnType<typeof resourceOf> => resourceOf(FILE, { path } as never);
const ok = (resource: string): object => ({ ok: true, resource });

describe("resourceOf", () => {
  it("puts arguments into the mapping and normalises", () => {
    expect(of("/srv/records/../records//a.json")).toEqual(ok("file:/srv/records/a.json"));
    expect(resourceOf("https://api.example/{team}/{id}", { team: "a", id: "b" })).toEqual(
      ok("https://api.example/a/b"),
    );
  });

  it("does not let leading slashes turn a path into the name of a host", () => {
    for (const path of ["//srv/records/a", "\\\\srv\\records\\a", "/\\/srv/records/a", "///srv/records/a"]) {
      expect(of(path)).toEqual(ok("file:/srv/records/a"));
    }
  });

  it.each([
    [undefined, "nothing"],
    [7, "a number"],
    [["/a"], "a list"],
    ["", "an empty text"],
    ["records/a", "a relative path"],
    ["~/a", "a path from home"],
    [" /srv/a", "a space before"],
    ["/srv/a ", "a space after"],
    ['/srv/a"', "a quote after"],
    ["/srv/a\n", "a line break"],
    ["/srv/a\u0000.txt", "a NUL"],
    [`/${"a".repeat(5000)}`, "a path without end"],
  ] as [unknown, string][])("refuses %j (%s)", (path) => {
    expect(of(path)).toMatchObject({ ok: false, reason: expect.stringContaining("`path`") });
  });

  it("takes no argument from a prototype", () => {
    expect(resourceOf("x:{toString}", {}).ok).toBe(false);
  });

  it("never makes a name that climbs out of the root, whatever the argument", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("/", ".", "a", "\\", ":") }), (path) => {
        const mapped = of(path);
        const resource = mapped.ok ? mapped.resource : "file:/";
        expect(resource).toMatch(/^file:\/(?!\/)/);
        expect(resource.split("/")).not.toContain("..");
      }),
    );
  });
});
