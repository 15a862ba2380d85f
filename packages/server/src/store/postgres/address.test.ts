import { inspect } from "node:util";
import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeAddress, parseAddress } from "./address.ts";

const shown = (url: string): string => describeAddress(parseAddress(url));

describe("parseAddress", () => {
  it.each([
    ["postgres://db.example/x", "postgres://db.example:5432/x"],
    ["postgresql://ann@db.example:6000/x", "postgres://ann@db.example:6000/x"],
    ["postgres://ann:s3cret@a,b:5433/x?target_session_attrs=read-write", "postgres://ann@a:5432,b:5433/x"],
    ["postgres://[::1]:5433,[fe80::1]/x", "postgres://[::1]:5433,[fe80::1]:5432/x"],
    ["postgres:///x?host=/run/postgresql&port=5433", "postgres:///run/postgresql:5433/x"],
    ["postgres:///x", "postgres://localhost:5432/x"],
    ["postgres://ann%40corp:p%2Fw@db.example/my%20db", "postgres://ann@corp@db.example:5432/my db"],
  ])("%s", (url, described) => {
    expect(shown(url)).toBe(described);
  });

  it.each([
    ["mysql://db.example/x", "is not of the form"],
    ["postgres://a b@c@d/x", "is not of the form"],
    ["postgres://db.example:0/x", "names a port"],
    ["postgres://db.example:70000/x", "names a port"],
    ["postgres://db:x/x", "names a host"],
    [`postgres://${"a,".repeat(20)}a/x`, "names more than"],
    ["postgres://db.example/x?options=-csearch_path%3Dpublic", "is not known"],
    ["postgres://db.example/x?target_session_attrs=standby", "must reach a primary"],
    ["postgres://db.example/x?sslmode=allow", "`sslmode`"],
    ["postgres://ann:5432/s3cret@db.example/x", "is not of the form"],
    ["postgres://ann:5432?s3cret@db.example/x", "has a key"],
    ["postgres://db.example/%zz", "begins no character"],
    ["postgres://db.example/x?sslrootcert=/nowhere.pem", "cannot be read"],
    [`postgres://${"x".repeat(5000)}/x`, "is not of the form"],
  ])("refuses %s", (url, says) => {
    expect(() => parseAddress(url)).toThrow(
      expect.objectContaining({ code: "config.invalid", detail: expect.stringContaining(says) }),
    );
  });

  it("verifies a server on another machine unless told otherwise", () => {
    const mode = (url: string, host: string): unknown => parseAddress(url).tls(host);
    expect(mode("postgres://db.example/x", "db.example")).toEqual({ rejectUnauthorized: true });
    expect(mode("postgres://db.example/x", "127.0.0.1")).toBe(false);
    expect(mode("postgres:///x?host=/run", "/run")).toBe(false);
    expect(mode("postgres://db.example/x?sslmode=disable", "db.example")).toBe(false);
    expect(mode("postgres://db.example/x?sslmode=require", "db.example")).toMatchObject({ rejectUnauthorized: false });
    expect(mode("postgres://localhost/x?sslmode=verify-full", "localhost")).toEqual({ rejectUnauthorized: true });
  });

  it("refuses or takes whatever it is given, and never shows the password", () => {
    const part = fc.string({ unit: "binary", maxLength: 30 });
    const urls = fc.oneof(
      part,
      fc.tuple(part, part).map(([host, rest]) => `postgres://ann:s3cret@${host}${rest}`),
    );
    const said = (url: string): unknown => {
      try {
        return shown(url);
      } catch (error) {
        return error instanceof AppError ? inspect(error) : `s3cret ${inspect(error)}`;
      }
    };
    fc.assert(
      fc.property(urls, (url) => {
        expect(said(url)).not.toContain("s3cret");
      }),
      { numRuns: 2000 },
    );
  });
});
