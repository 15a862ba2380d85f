import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLoopback, postgresUrl, readPostgresUrl } from "./postgres-place.ts";

describe("readPostgresUrl", () => {
  it.each([
    ["postgres://db.example/billing", "postgres://db.example:5432/billing"],
    ["postgresql://gate@db.example:6000/billing", "postgres://gate@db.example:6000/billing"],
    ["postgres://[::1]:5433/a%20b", "postgres://[::1]:5433/a%20b"],
    ["postgres://countersign_gateway@h/d", "postgres://h:5432/d"],
  ])("%s", (url, written) => {
    const read = readPostgresUrl(url);
    expect(read.ok && postgresUrl(read.place)).toBe(written);
  });

  it.each([
    ["postgres://gate:hunter2@db.example/billing", "password"],
    ["postgres://gate:@db.example/billing", "password"],
    ["postgres://db.example/billing?sslmode=disable", "must be"],
    ["postgres://db.example/billing#x", "must be"],
    ["postgres://a,b/billing", "must be"],
    ["postgres://db.example", "must be"],
    ["postgres://db.example:0/billing", "port"],
    ["postgres://db.example:65536/billing", "port"],
    ["postgres://db.example/%00", "database"],
    ["postgres://db.example/%zz", "database"],
    ["https://db.example/billing", "must be"],
  ])("%s is refused, and what it says holds no secret", (url, reason) => {
    const read = readPostgresUrl(url);
    expect(read).toMatchObject({ ok: false, reason: expect.stringContaining(reason) as string });
    expect(JSON.stringify(read)).not.toContain("hunter2");
  });

  it("reads what it writes, and never throws", () => {
    const name = fc.string({ minLength: 1, maxLength: 15 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(name, name, (user, database) => {
        const place = { host: "h", port: 1, database, user };
        expect(readPostgresUrl(postgresUrl(place))).toEqual({ ok: true, place });
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void readPostgresUrl(`postgres://${text}`)));
  });

  it("knows the machine's own addresses", () => {
    expect(["localhost", "127.0.0.1", "127.9.9.9", "::1"].every(isLoopback)).toBe(true);
    expect(["127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", "::"].some(isLoopback)).toBe(false);
  });
});
