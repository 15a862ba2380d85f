import { cp, readFile, readdir, writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifies } from "./support/invariants.ts";
import { Installation } from "./support/installation.ts";
import type { Person } from "./support/person.ts";

/** Runs statements on the database of a stopped installation, as whoever may write the file can. */
function edit(here: Installation, statements: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(here.data, "countersign.db"));
  try {
    statements(db);
  } finally {
    db.close();
  }
}

describe("escapes: what is stored is edited while nothing runs", () => {
  let here: Installation;
  let alice: Person;

  beforeAll(async () => {
    here = await Installation.create();
    const people = await here.people();
    ({ alice } = people);
    await here.agent(alice);
    await alice.json("/v1/brakes", { kind: "freeze", scope: { type: "all", value: "*" }, reason: "freeze" });
  });
  afterAll(async () => await here.close());

  /** Stops, keeps a copy of the database, edits, and expects that the start refuses; then puts the copy back. */
  const refusesAfter = async (statements: (db: DatabaseSync) => void): Promise<unknown> => {
    await here.composed.close();
    const names = (await readdir(here.data)).filter((name) => name.startsWith("countersign.db"));
    const copies = await Promise.all(names.map(async (name) => [name, await readFile(join(here.data, name))] as const));
    edit(here, statements);
    const refusal = await here.start().then(
      () => null,
      (error: unknown) => error,
    );
    if (refusal === null) await here.composed.close();
    for (const [name, bytes] of copies) await writeFile(join(here.data, name), bytes);
    await here.start();
    return refusal;
  };

  it.each([
    [
      "3. turns a policy into one that permits everything",
      `UPDATE records SET body = replace(body, 'forbid', 'permit') WHERE kind = 'policy'`,
    ],
    [
      "3. calls a destructive tool a read",
      `UPDATE records SET body = json_set(body, '$.terms.effects.write_file', 'read') WHERE kind = 'upstream'`,
    ],
    ["3. lifts a freeze", `UPDATE records SET body = json_set(body, '$.state.status', 'thawed') WHERE kind = 'brake'`],
    ["3. deletes a freeze", `DELETE FROM records WHERE kind = 'brake'`],
    [
      "3. widens an agent's scope",
      `UPDATE records SET body = json_set(body, '$.terms.scope[0].action', '**') WHERE kind = 'agent'`,
    ],
    [
      "3. exchanges the first passkey",
      `UPDATE records SET body = json_set(body, '$.terms.publicKey', 'AAAA') WHERE kind = 'passkey'`,
    ],
  ])("%s: the start refuses", verifies("INV-12"), async (_name, statement) => {
    const refusal = await refusesAfter((db) => db.exec(statement));
    expect(refusal).toMatchObject({ code: expect.stringMatching(/^(data|ledger)\.(damaged|unsigned)$/) });
  });

  it(
    "11. rewrites an entry of the ledger: the journal refuses, and without its triggers the start does",
    verifies("INV-7"),
    async () => {
      await here.composed.close();
      expect(() => edit(here, (db) => db.exec(`UPDATE journal SET leaf = x'7b7d' WHERE idx = 3`))).toThrow(
        "only grows",
      );
      await here.start();
      const refusal = await refusesAfter((db) => {
        const triggers = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).all() as {
          name: string;
        }[];
        for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
        db.exec(`UPDATE journal SET leaf = x'7b7d' WHERE idx = 3`);
      });
      expect(refusal).toMatchObject({ code: expect.stringMatching(/^(data|ledger)\.damaged$/) });
    },
  );

  it(
    "11. removes the newest entries: the signed checkpoint is larger than the journal",
    verifies("INV-7"),
    async () => {
      const refusal = await refusesAfter((db) => {
        const triggers = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).all() as {
          name: string;
        }[];
        for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
        db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM journal WHERE idx > 5`);
      });
      expect(refusal).toMatchObject({ code: expect.stringMatching(/^(data|ledger)\.damaged$/) });
    },
  );

  it("still stands as it was after all that", async () => {
    const { brakes } = await alice.json<{ brakes: { id: string }[] }>("/v1/brakes");
    expect(brakes.length).toBe(1);
  });

  it("refuses a database that decayed", async () => {
    await here.composed.close();
    const file = join(here.data, "countersign.db");
    const good = await readFile(file);
    const ledger = [join(here.data, "ledger"), join(here.folder, "spare")] as const;
    await cp(...ledger, { recursive: true });
    // A start on what is not found to be damaged goes on writing: each begins with the same.
    const restore = async (): Promise<void> => {
      await rm(ledger[0], { recursive: true });
      await cp(ledger[1], ledger[0], { recursive: true });
      await writeFile(file, good);
    };
    for (const at of [100, 5000, 9000, 20_000, 40_000]) {
      await restore();
      const bad = Buffer.from(good);
      for (let i = at; i < Math.min(at + 64, bad.length); i += 1) bad[i] = (bad[i] ?? 0) ^ 0x5a;
      await writeFile(file, bad);
      const refusal = await here.start().then(
        () => null,
        (error: unknown) => error,
      );
      if (refusal === null) await here.composed.close();
      // Either the damage lies where nothing is kept, or the start says that something is damaged: never a third thing.
      expect(["none", "data.damaged", "ledger.damaged"], String(at)).toContain(
        refusal === null ? "none" : (refusal as { code: string }).code,
      );
    }
    await restore();
    await here.start();
  });
});
