import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matches } from "./pattern.ts";
import { normalizeResource } from "./resource.ts";
import { databaseResource, relationResource } from "./sql-name.ts";

const identifier = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });

describe("relationResource", () => {
  it("leaves ordinary names as they are, and encodes what a pattern or a path would read otherwise", () => {
    expect(relationResource("billing", "public", "people")).toBe("sql:billing/public.people");
    expect(relationResource("billing", "Größe", "été 2")).toBe("sql:billing/Größe.été%202");
    expect(relationResource("billing", "a.b", "c/..*%")).toBe("sql:billing/a%2Eb.c%2F%2E%2E%2A%25");
    expect(relationResource("billing", "public", "e\u0301")).toBe("sql:billing/public.e%CC%81");
  });

  it("gives every relation a name of its own, in normal form, within its schema's pattern alone", () => {
    fc.assert(
      fc.property(identifier, identifier, identifier, (schema, relation, other) => {
        const name = relationResource("billing", schema, relation);
        expect(normalizeResource(name)).toBe(name);
        expect(matches(`${name.slice(0, name.lastIndexOf("."))}.*`, name)).toBe(true);
        fc.pre(other !== schema);
        expect(relationResource("billing", other, relation)).not.toBe(name);
        expect(matches(name, relationResource("billing", other, relation))).toBe(false);
      }),
    );
  });

  it("keeps the name of a database in its normal form", () => {
    expect(normalizeResource(databaseResource("billing"))).toBe("sql:billing/");
    expect(normalizeResource("sql:../")).not.toBe("sql:../");
  });
});
