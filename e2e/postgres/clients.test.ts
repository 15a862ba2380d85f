import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Guarded } from "./guarded.ts";

let here: Guarded;
beforeAll(async () => {
  here = await Guarded.start();
});
afterAll(async () => await here.close());

const kinds = (): (string | null)[] =>
  here.enforced.control.entries.map(({ kind, action, outcome }) =>
    `${kind} ${action ?? ""} ${outcome?.status ?? ""}`.trim(),
  );

describe("psql", () => {
  it("reads through the gateway with the certificate of a task, and every step is recorded", async () => {
    here.enforced.control.entries.length = 0;
    const { out, err, code } = await here.psql("SELECT count(*) FROM people");
    expect({ out, err, code }).toEqual({ out: "1200\n", err: "", code: 0 });
    expect(kinds()).toEqual([
      "action.intent sql:billing/read",
      "action.outcome sql:billing/read ok",
      "action.intent sql:billing/read",
      "action.outcome sql:billing/read ok",
    ]);
    expect(here.enforced.control.entries[2]).toMatchObject({ resource: "sql:billing/public.people" });
  });
});
