import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskClient } from "../support/workstation.ts";
import { Billing } from "../support/billing.ts";
import { hasProgram } from "../support/certificate.ts";

describe.skipIf(!hasProgram("psql", "--version"))("a held statement (psql)", () => {
  let billing: Billing;
  let postgres: Billing["postgres"];
  let alice: Billing["alice"];
  let laptop: Billing["laptop"];
  beforeAll(async () => {
    billing = await Billing.start({
      sql: `CREATE TABLE people (id int PRIMARY KEY, name text, ssn text);
       INSERT INTO people VALUES (1, 'Ada', '078-05-1120');
       CREATE TABLE trail (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), what text);
       CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN INSERT INTO public.trail (what) VALUES (TG_OP); RETURN NULL; END $$;
       CREATE TRIGGER noted AFTER DELETE ON executives FOR EACH ROW EXECUTE FUNCTION noted()`,
      terms: { masking: { "public.people.ssn": "null" } },
      grants: [
        { action: "mcp:files/*", resource: "**" },
        {
          action: "sql:billing/*",
          resource: "sql:billing/public.*",
          limits: { rowsRead: 5000, rowsPerStatement: 2500, rowsPerTask: 4000 },
        },
      ],
    });
    ({ postgres, alice, laptop } = billing);
  });
  afterAll(async () => await billing.close());

  const psql: Billing["psql"] = async (task, ...commands) => await billing.psql(task, ...commands);

  interface Shown {
    readonly display: { readonly preview?: { readonly sentence: string; readonly relations: readonly Effect[] } };
  }
  interface Effect {
    readonly relation: string;
    readonly effect: string;
    readonly filledAtCommit: string;
  }
  const held = async (task: TaskClient, statement: string): Promise<string> => {
    const { err } = await psql(task, statement);
    expect(err).toContain("CS001");
    expect(err).not.toMatch(/executive \d|rows deleted|"count"/);
    return /apr_\w+/.exec(err)?.[0] ?? "";
  };
  const shown = async (approval: string): Promise<readonly (readonly [string, string, string])[]> => {
    const { display } = await alice.json<Shown>(`/v1/approvals/${approval}`);
    return (display.preview?.relations ?? []).map(({ relation, effect, filledAtCommit }) => [
      relation,
      effect,
      filledAtCommit,
    ]);
  };
  const count = async (): Promise<unknown> =>
    await postgres.query(
      "SELECT (SELECT count(*)::int FROM executives) AS e, (SELECT count(*)::int FROM trail) AS t",
      "billing",
    );

  it("is shown with all that it would do, and runs as it was signed", async () => {
    const task = await laptop.openTask("coder");
    const approval = await held(task, "DELETE FROM executives");
    expect(await shown(approval)).toEqual([
      ["public.executives", "1,200 rows deleted", ""],
      ["public.trail", "1,200 rows inserted", "id, at"],
    ]);
    expect(await count()).toEqual([{ e: 1200, t: 0 }]);
    const narrow = await held(task, "DELETE FROM executives WHERE id <= 3 RETURNING id");
    await alice.answer(narrow);
    const done = await psql(task, "DELETE FROM executives WHERE id <= 3 RETURNING id", "SELECT 'after'");
    expect(done).toMatchObject({ err: "", out: "1\n2\n3\nDELETE 3\nafter\n" });
    expect(await count()).toEqual([{ e: 1197, t: 3 }]);
  });

  it("is rolled back and held anew when it would do something else by then", async () => {
    const task = await laptop.openTask("coder");
    const statement = "DELETE FROM executives WHERE id BETWEEN 10 AND 12";
    const first = await held(task, statement);
    await alice.answer(first);
    await postgres.query("UPDATE executives SET name = 'somebody else' WHERE id = 11", "billing");
    const second = await held(task, statement);
    expect(second).not.toBe(first);
    expect(await count()).toEqual([{ e: 1197, t: 3 }]);
    await alice.answer(second);
    expect(await psql(task, statement)).toMatchObject({ err: "", out: "DELETE 3\n" });
    expect(await count()).toEqual([{ e: 1194, t: 6 }]);
  });

  it("and any other stays within the ceilings of its grants, what triggers write included", async () => {
    const task = await laptop.openTask("coder");
    const rows = (count: number): string =>
      `INSERT INTO trail (what) SELECT 'x' FROM generate_series(1, ${String(count)})`;
    const before = await count();
    expect((await psql(task, "SELECT * FROM generate_series(1, 6000)")).err).toContain("rowsRead");
    const large = await psql(task, rows(2501), "SELECT 'goes on'");
    expect(large.err).toContain("54000: the ceiling `rowsPerStatement` is 2500: nothing was done");
    expect(large.out).toBe("goes on\n");
    expect((await psql(task, "BEGIN", rows(2501), "COMMIT")).err).toContain("rowsPerStatement");
    expect(await count()).toEqual(before);
    expect(await psql(task, rows(2000), rows(2000))).toMatchObject({ err: "", out: "INSERT 0 2000\nINSERT 0 2000\n" });
    expect((await psql(task, rows(1))).err).toContain("rowsPerTask");
  });

  it("and no other reads a masked column, in whatever way it is named", async () => {
    const task = await laptop.openTask("coder");
    expect(await psql(task, "SELECT id, name FROM people", "SELECT count(*) FROM people")).toMatchObject({
      err: "",
      out: "1|Ada\n1\n",
    });
    for (const statement of [
      "SELECT ssn FROM people",
      "SELECT * FROM people",
      "SELECT length(p.ssn) FROM people p",
      "SELECT id FROM people WHERE ssn LIKE '078%'",
      "SELECT id FROM people ORDER BY ssn",
      "SELECT row_to_json(people) FROM people",
      "UPDATE people SET name = ssn WHERE id = 1",
      "UPDATE people SET name = name WHERE id = 1 RETURNING ssn",
    ]) {
      const { err, out } = await psql(task, statement);
      expect([statement, err, out]).toEqual([statement, expect.stringContaining("42501"), ""]);
    }
    expect(await psql(task, "UPDATE people SET ssn = 'x' WHERE id = 1")).toMatchObject({ err: "", out: "UPDATE 1\n" });
  });
});
