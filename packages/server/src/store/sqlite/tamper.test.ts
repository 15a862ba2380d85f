import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audit } from "./audit.ts";
import { openForWriting } from "./database.ts";
import { isSqliteError } from "./fault.ts";
import { readMeta } from "./meta.ts";
import { openStore } from "../open-store.ts";
import { reader } from "./reader.ts";
import { sumOf } from "../sum.ts";
import { Samples } from "../testing/samples.ts";
import { Writer } from "./writer.ts";

/** Random places at which bytes are changed; each opens the database again. */
const FLIPS = 300;

const root = mkdtempSync(join(tmpdir(), "countersign-tamper-"));
const original = join(root, "original");
const make = new Samples();
const people = Array.from({ length: 12 }, () => make.human());
const brake = make.freeze({ type: "all", value: "*" });
let copies = 0;

beforeAll(async () => {
  const store = await openStore({ path: original, clock: () => 1_800_000_000_000 });
  const point = make.id("ep");
  const chain = make.chain();
  for (const human of people) {
    await store.commit({
      put: [human],
      entries: [make.entry(point, make.draft(), [human])],
      blobs: [{ name: human.id, bytes: Buffer.from(human.id) }],
    });
    const left = make.human(human.id as never, "inactive");
    await store.commit({ put: [left], entries: [make.entry(point, make.draft(), [left])] });
  }
  await store.commit({ put: [brake], entries: [make.entry(point, make.draft({ kind: "brake" }), [brake])] });
  for (let i = 0; i < 60; i += 1)
    await store.commit({
      entries: [make.entry(point, make.intent(chain, make.id("int"), `file:/srv/${String(i % 5)}`))],
    });
  const several = { resource: "file:/in", resources: ["file:/in", "file:/out"] };
  await store.commit({ entries: [make.entry(point, make.draft(several))] });
  await store.close();
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function copy(): string {
  copies += 1;
  const path = join(root, String(copies));
  cpSync(original, path, { recursive: true });
  return path;
}

/** Changes the database of a copy with SQL, as somebody with the file could, and answers what the audit says. */
function edited(sql: string, ...values: (string | number | Uint8Array)[]): readonly string[] {
  const path = copy();
  const db = new DatabaseSync(join(path, "countersign.db"));
  db.exec("DROP TRIGGER journal_update; DROP TRIGGER journal_delete; PRAGMA foreign_keys = OFF");
  expect(db.prepare(sql).run(...values).changes).toBeGreaterThan(0);
  db.close();
  const reopened = openForWriting(path);
  const faults = audit(reopened);
  reopened.close();
  return faults.map(({ code, detail }) => `${code} ${detail}`);
}

describe("someone who edits the database", () => {
  const human = people[3]!;
  const body = JSON.stringify(make.human(human.id as never, "active"));

  it("is noticed when a record is set back to an earlier state", () => {
    // The checksum is no secret, so an editor makes it fit.
    const version = 2 * (people.indexOf(human) + 1);
    const faults = edited(
      "UPDATE records SET body = ?, sum = ? WHERE id = ?",
      body,
      sumOf(version, "human", human.id, body),
      human.id,
    );
    expect(faults).toEqual([
      `data.damaged record \`human ${human.id}\` differs from the last entry of the ledger that names it`,
    ]);
  });

  it("is noticed when a brake is removed, whatever is removed with it", () => {
    const missing = `data.damaged record \`brake ${brake.id}\` is missing, though the ledger knows it`;
    expect(edited("DELETE FROM records WHERE kind = 'brake'")).toEqual([missing]);
    const entry = "SELECT idx FROM named WHERE kind = 'brake'";
    expect(edited(`DELETE FROM journal WHERE idx IN (${entry})`)).toContain(
      "ledger.damaged entry 24 is missing from the journal",
    );
  });

  it("is noticed when a record is added, renamed or renumbered", () => {
    const forged = make.human();
    const text = JSON.stringify(forged);
    const sql = "INSERT INTO records(kind, id, version, body, sum) VALUES ('human', ?, 99, ?, ?)";
    expect(edited(sql, forged.id, text, sumOf(99, "human", forged.id, text))).toEqual([
      `data.damaged record \`human ${forged.id}\` is in no entry of the ledger`,
    ]);
    expect(edited("UPDATE records SET id = 'hum_x' WHERE id = ?", human.id).join()).toContain(
      `record \`human ${human.id}\` is missing`,
    );
    expect(edited("UPDATE records SET version = 1 WHERE id = ?", human.id).join()).toContain("is damaged");
  });

  it("is noticed when an entry is changed, or hidden from who looks for it", () => {
    expect(
      edited(
        "UPDATE journal SET leaf = CAST(replace(CAST(leaf AS TEXT), 'destructive', 'readreadrea') AS BLOB) WHERE idx = 30",
      ).join(),
    ).toContain("entry 30 ");
    expect(edited("UPDATE journal SET resource = 'file:/elsewhere' WHERE idx = 30")).toMatchObject([
      expect.stringContaining("filed under something that it does not say"),
    ]);
    expect(edited("DELETE FROM named WHERE kind = 'brake'").join()).toContain(
      `is not filed under record \`brake ${brake.id}\``,
    );
    expect(edited("DELETE FROM named WHERE id = 'file:/out'").join()).toContain("is not filed under");
    expect(edited("INSERT INTO named VALUES ('human', 'hum_x', 3)")).toEqual([
      "data.damaged a lookup table does not fit the journal",
    ]);
  });

  it("is noticed when a count is changed, hash included", () => {
    const faults = edited("UPDATE journal SET point_seq = 1000 WHERE idx = 84");
    expect(faults.join()).toContain("entry 84");
  });
});

describe("decay of the database file", () => {
  it("is refused when what it struck is read, also without an audit", () => {
    const path = copy();
    const human = people[5]!;
    const edit = new DatabaseSync(join(path, "countersign.db"));
    edit.prepare("UPDATE records SET body = replace(body, 'inactive', 'activein') WHERE id = ?").run(human.id);
    edit.prepare("UPDATE blobs SET bytes = x'00' WHERE name = ?").run(human.id);
    edit.exec("UPDATE meta SET value = replace(value, 'generation', 'generatio0')");
    edit.close();
    const db = openForWriting(path);
    const ask = reader(db);
    const damaged = expect.objectContaining({ code: "data.damaged" });
    expect(() => ask.get({ kind: "human", id: human.id })).toThrow(damaged);
    expect(() => ask.find({ kind: "human", where: {} })).toThrow(damaged);
    expect(() => ask.changes({ version: 0, kinds: ["human"] })).toThrow(damaged);
    expect(() => ask.blob({ name: human.id })).toThrow(damaged);
    expect(() => readMeta(db, "generation")).toThrow(damaged);
    db.close();
  });

  it("is refused, or harmless, wherever it strikes: never silently wrong", () => {
    const sound = everything(openForWriting(original));
    const bytes = readFileSync(join(original, "countersign.db"));
    const path = copy();
    let seed = 20_261_122;
    const next = (bound: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * bound);
    };
    const verdicts = { refused: 0, harmless: 0 };
    for (let i = 0; i < FLIPS; i += 1) {
      const struck = Buffer.from(bytes);
      const at = next(bytes.length);
      for (let j = at; j < Math.min(bytes.length, at + 1 + next(4)); j += 1) struck[j] = struck[j]! ^ (1 + next(255));
      for (const file of ["countersign.db-wal", "countersign.db-shm"]) rmSync(join(path, file), { force: true });
      writeFileSync(join(path, "countersign.db"), struck);
      verdicts[judge(path, sound)] += 1;
    }
    expect(verdicts.refused).toBeGreaterThan(FLIPS / 10);
    expect(verdicts.refused + verdicts.harmless).toBe(FLIPS);
  }, 60_000);
});

/** Everything that can be asked. */
function everything(db: DatabaseSync): unknown {
  try {
    const ask = reader(db);
    const human = { kind: "human" } as const;
    return [
      ask.find({ ...human, where: {} }),
      ask.find({ ...human, where: { status: "inactive" } }),
      ask.find({ kind: "brake", where: {} }),
      ask.changes({ version: 3, kinds: ["human", "brake"] }),
      people.map(({ id }) => [ask.get({ ...human, id }), ask.blob({ name: id })]),
      ask.entries({ limit: 1000 }),
      ask.entries({ resource: "file:/srv/*", limit: 1000 }),
      ask.entries({ record: { kind: "brake", id: brake.id }, limit: 9 }),
      ask.openIntents(null),
      readMeta(db, "generation"),
    ];
  } finally {
    db.close();
  }
}

/** As the workers open it and the audit reads it, in this thread. */
function judge(path: string, sound: unknown): "refused" | "harmless" {
  try {
    const db = openForWriting(path);
    new Writer(db);
    if (audit(db).length > 0) {
      db.close();
      return "refused";
    }
    expect(everything(db)).toEqual(sound);
    return "harmless";
  } catch (error) {
    if (!(error instanceof AppError) && !isSqliteError(error)) throw error;
    return "refused";
  }
}
