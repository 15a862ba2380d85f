import type { Grant } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quotedName, quotedText } from "./quoted.ts";
import { type Relation, grantsDigest, placeDigest, rightsOf } from "./rights.ts";
import { scramVerifier } from "./scram-verifier.ts";

const table = (oid: string, name: string, schema = "public"): Relation => ({
  oid,
  schema,
  name,
  isSequence: false,
  ownedBy: null,
});
const grant = (effect: string, resource = "sql:billing/public.*", more: object = {}): Grant => ({
  action: `sql:billing/${effect}`,
  resource,
  ...more,
});
const RELATIONS = [
  table("1", "people"),
  table("2", "a.b"),
  table("3", "people", "secret"),
  { ...table("4", "people_id_seq"), isSequence: true, ownedBy: "1" },
  { ...table("5", "numbers", "secret"), isSequence: true },
];
const given = (...levels: readonly (readonly Grant[])[]): Record<string, string> =>
  Object.fromEntries([...rightsOf("billing", levels, RELATIONS)].map(([oid, rights]) => [oid, [...rights].join(" ")]));

describe("rightsOf", () => {
  it("gives each effect what it needs, on what the pattern covers", () => {
    expect(given([grant("read")])).toEqual({ 1: "SELECT", 2: "SELECT", 4: "SELECT" });
    expect(given([grant("write", "sql:billing/public.people")])).toEqual({ 1: "SELECT INSERT UPDATE", 4: "USAGE" });
    expect(given([grant("destructive", "sql:billing/public.a%2Eb")])).toEqual({ 2: "SELECT DELETE TRUNCATE" });
    expect(given([grant("unknown"), grant("external")])).toEqual({});
    expect(given([{ action: "mcp:billing/read", resource: "**" }])).toEqual({});
  });

  it("gives a right only where every level does", () => {
    expect(given([grant("*", "**")], [grant("read")])).toEqual({ 1: "SELECT", 2: "SELECT", 4: "SELECT" });
    expect(given([grant("*", "**")], [grant("read")], [])).toEqual({});
    expect(given([grant("read", "sql:other/**")])).toEqual({});
  });
});

describe("the digest of grants", () => {
  const place = placeDigest("billing", { database: "billing", user: "gate" });
  it("is the same for the same rights, whatever their order, ceilings and other upstreams", () => {
    const one = grantsDigest(place, "billing", [[grant("read"), grant("write")], [grant("*")]]);
    const same = [[grant("*")], [grant("write"), grant("read", undefined, { limits: { rowsRead: 1 } }), grant("read")]];
    expect(grantsDigest(place, "billing", same)).toBe(one);
    expect(
      grantsDigest(place, "billing", [[...(same[1] ?? []), { action: "mcp:a/b", resource: "**" }], same[0] ?? []]),
    ).toBe(one);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
  });

  it("differs with each grant, database, login and upstream", () => {
    const digests = [
      grantsDigest(place, "billing", [[grant("read")]]),
      grantsDigest(place, "billing", [[grant("write")]]),
      grantsDigest(place, "billing", [[grant("read"), grant("write")]]),
      grantsDigest(placeDigest("billing", { database: "other", user: "gate" }), "billing", [[grant("read")]]),
      grantsDigest(placeDigest("billing", { database: "billing", user: "b" }), "billing", [[grant("read")]]),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe("what goes into statements", () => {
  it("is quoted whatever it holds, or refused", () => {
    expect(quotedName('a"; DROP TABLE b; --')).toBe('"a""; DROP TABLE b; --"');
    expect(quotedText("it's")).toBe("'it''s'");
    for (const bad of ["", "a\0b", "\ud800"]) {
      expect(() => quotedName(bad)).toThrow(/not whole/);
      expect(() => quotedText(bad)).toThrow(/not whole/);
    }
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !text.includes("\0")),
        (text) => {
          const inside = quotedName(text).slice(1, -1);
          expect(inside.replaceAll('""', "")).not.toContain('"');
          expect(inside.replaceAll('""', '"')).toBe(text);
        },
      ),
    );
  });

  it("is never a password: the verifier of RFC 7677's example", () => {
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    expect(scramVerifier("pencil", () => salt)).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
  });
});
