import fc from "fast-check";
import { parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import { buildCatalogue } from "../catalogue/build.ts";
import { CachedJudge, type Session, type Verdict, loadParser } from "./index.ts";
import { judgement } from "./judge.ts";
import { nestingBound } from "./nesting-bound.ts";

const own = (name: string, oid: number): Record<string, unknown> => ({ oid: String(oid), schema: "public", name });
const fn = (name: string, oid: number, more: Record<string, unknown>): Record<string, unknown> => ({
  ...own(name, oid),
  kind: "f",
  language: "internal",
  volatility: "i",
  arguments: "25",
  defaults: 0,
  variadic: false,
  returns: "25",
  settings: null,
  source: name,
  definition: null,
  parts: null,
  extension: null,
  ...more,
});

const ROWS = {
  schemas: [{ oid: "2200", name: "public" }],
  relations: [
    { ...own("t", 20_000), kind: "r", definition: null },
    { ...own("v", 20_001), kind: "v", definition: " SELECT id FROM public.t;" },
  ],
  columns: [{ relation: "20000", name: "id", type: "23", generated: "", identity: "", default: null, sequence: null }],
  types: ["bool", "int4", "text"].map((name, at) => ({
    oid: String(16 + at),
    schema: "pg_catalog",
    name,
    kind: "b",
    relation: "0",
    base: "0",
    functions: null,
  })),
  functions: [
    fn("lower", 870, { schema: "pg_catalog" }),
    fn("pg_new_volatile", 871, { schema: "pg_catalog", volatility: "v" }),
    fn("wipe", 20_100, {
      language: "plpgsql",
      volatility: "v",
      arguments: "",
      definition: "CREATE FUNCTION public.wipe() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN DELETE FROM t; END $f$",
    }),
  ],
};
const catalogue = buildCatalogue(ROWS, "1");
const session: Session = { searchPath: ["public"], tempSchema: null };
const said = (text: string, more: Partial<Session> = {}): Verdict =>
  judgement(text, { ...session, ...more }, catalogue).verdict;

beforeAll(loadParser);

describe("a verdict", () => {
  it("names what is done, by way of views and functions as well", () => {
    expect(said("SELECT * FROM v")).toMatchObject({
      verdict: "known",
      effects: ["read"],
      reads: ["public.t", "public.v"],
    });
    expect(said("SELECT wipe()")).toMatchObject({ verdict: "known", effect: "destructive", writes: ["public.t"] });
    expect(said("UPDATE t SET id = 1").statements[0]).toMatchObject({ unqualified: true, effect: "destructive" });
    expect(said("UPDATE t SET id = 1 WHERE id = 2").statements[0]).toMatchObject({
      unqualified: false,
      previewable: true,
    });
  });

  it("knows nothing of a volatile function that no list names, of what is not there, and after DDL", () => {
    expect(said("SELECT pg_new_volatile('x')").verdict).toBe("unknown");
    expect(said("SELECT * FROM nowhere")).toMatchObject({ verdict: "unknown", missing: ["nowhere"] });
    expect(said("SELECT * FROM t", { uncommittedCatalogue: true }).verdict).toBe("unknown");
    expect(said("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT * FROM t").verdict).toBe("unknown");
  });

  it("is unknown when strings may be read in another way", () => {
    expect(said(String.raw`SELECT '\'`, { standardConformingStrings: false }).verdict).toBe("unknown");
  });

  it("follows the search path through the statements of a text, and loses it where it may move back", () => {
    expect(said("SET search_path = public; SELECT * FROM t").verdict).toBe("known");
    expect(said("RESET search_path; SELECT * FROM t").verdict).toBe("unknown");
    expect(said("ROLLBACK; SELECT * FROM t").verdict).toBe("known");
    expect(said("ROLLBACK; SELECT * FROM t", { inTransaction: true }).verdict).toBe("unknown");
  });

  it("tells the text of each statement apart, in bytes that are no characters", () => {
    expect(said("SELECT 'ä€𝄞' ; DELETE FROM t ;").statements.map(({ text }) => text)).toEqual([
      "SELECT 'ä€𝄞'",
      "DELETE FROM t",
    ]);
  });
});

describe("limits", () => {
  it.each([
    ["operators", `SELECT 1${"+1".repeat(100_000)}`],
    ["casts", `SELECT 1${"::int".repeat(50_000)}`],
    ["unions", `SELECT 1${" UNION SELECT 1".repeat(20_000)}`],
    ["operators around calls", `SELECT 1${"+f(1,1)".repeat(20_000)}`],
    ["brackets", `SELECT ${"(".repeat(100_000)}1${")".repeat(100_000)}`],
    ["size", `SELECT '${"x".repeat(1_100_000)}'`],
    ["statements", "SELECT 1;".repeat(2_000)],
  ])("refuses too many %s and goes on", (_, text) => {
    expect(said(text).verdict).toBe("refused");
    expect(said("SELECT 1").verdict).toBe("known");
  });

  it("takes long lists", () => {
    expect(said(`SELECT * FROM t WHERE id IN (${"1,".repeat(20_000)}1)`).verdict).toBe("known");
    expect(nestingBound(`SELECT '${"+".repeat(10_000)}'`)).toBeLessThan(10);
  });
});

describe("whatever comes", () => {
  const SEEDS = [
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d, v WHERE lower('x') = $1 FOR UPDATE",
    "MERGE INTO t USING v ON t.id = v.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
    "ALTER TABLE t ADD COLUMN x int DEFAULT (SELECT 1), DROP COLUMN id; COPY t TO PROGRAM 'x'; EXECUTE p(wipe())",
    "DO $$ BEGIN DELETE FROM t; END $$; EXPLAIN (ANALYZE) SELECT (v).wipe, U&\"\\0074\".id FROM v; SET LOCAL role = 'x'",
    "CREATE RULE r AS ON INSERT TO t DO ALSO NOTIFY c; GRANT SELECT ON ALL TABLES IN SCHEMA public TO x; VACUUM t",
  ];
  const refusedByParser = (text: string): boolean => {
    try {
      parseSync(text);
      return false;
    } catch {
      return true;
    }
  };

  it("is judged without a fault, and never known when the parser refuses it", () => {
    const spliced = fc
      .tuple(
        fc.constantFrom(...SEEDS),
        fc.nat(200),
        fc.nat(40),
        fc.string({ maxLength: 12 }),
        fc.constantFrom(...SEEDS),
      )
      .map(
        ([seed, at, length, text, other]) =>
          seed.slice(0, at) + text + other.slice(at, at + length) + seed.slice(at + length),
      );
    fc.assert(
      fc.property(fc.oneof(spliced, fc.string({ unit: "binary", maxLength: 200 })), (text) => {
        const verdict = said(text);
        expect(verdict.effects.includes("unknown")).toBe(verdict.verdict !== "known");
        const isNoSql = text.trim() !== "" && refusedByParser(text);
        expect(isNoSql && verdict.verdict !== "refused").toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the cache", () => {
  it("holds a verdict for one search path and one state of the catalogue", () => {
    const cache = new CachedJudge(2);
    const first = cache.judge("SELECT * FROM t", session, catalogue);
    expect(cache.judge("SELECT * FROM t", session, catalogue)).toBe(first);
    expect(cache.judge("SELECT * FROM t", { ...session, searchPath: [] }, catalogue).verdict).toBe("unknown");
    const empty = buildCatalogue({ schemas: ROWS.schemas }, "2");
    expect(cache.judge("SELECT * FROM t", session, empty).verdict).toBe("unknown");
  });

  it("does not hold what rests on prepared statements", () => {
    const cache = new CachedJudge();
    const prepared = (text: string): Session => ({ ...session, prepared: () => text });
    expect(cache.judge("EXECUTE p", prepared("SELECT 1"), catalogue).effect).toBe("read");
    expect(cache.judge("EXECUTE p", prepared("DELETE FROM t"), catalogue).effect).toBe("destructive");
  });
});
