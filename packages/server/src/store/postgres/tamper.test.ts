import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import type { LedgerStore } from "../journal.ts";
import { openStore } from "../open-store.ts";
import { sumOf } from "../sum.ts";
import { Samples } from "../testing/samples.ts";

const MINUTE = 60_000;
const make = new Samples();
const people = Array.from({ length: 6 }, () => make.human());
const brake = make.freeze({ type: "all", value: "*" });
const human = people[3]!;

let postgres: Postgres;
let store: LedgerStore;
beforeAll(async () => {
  postgres = await startPostgres();
  store = await openStore({ url: await postgres.url("original"), clock: Date.now });
  const point = make.id("ep");
  for (const person of people) {
    const left = make.human(person.id as never, "inactive");
    const blobs = [{ name: person.id, bytes: Buffer.from(person.id) }];
    await store.commit({ put: [person], entries: [make.entry(point, make.draft(), [person])], blobs });
    await store.commit({ put: [left], entries: [make.entry(point, make.draft(), [left])] });
  }
  await store.commit({ put: [brake], entries: [make.entry(point, make.draft({ kind: "brake" }), [brake])] });
  const chain = make.chain();
  for (let i = 0; i < 5; i += 1)
    await store.commit({ entries: [make.entry(point, make.intent(chain, make.id("int")))] });
  const several = { resource: "file:/in", resources: ["file:/in", "file:/out"] };
  await store.commit({ entries: [make.entry(point, make.draft(several))] });
}, MINUTE);
afterAll(async () => {
  await store.close();
  await postgres.stop();
}, MINUTE);

/** Changes the database as somebody with all rights could, answers what the audit says, and changes it back. */
async function edited(...statements: readonly string[]): Promise<readonly string[]> {
  const off =
    "SET session_replication_role = replica; ALTER TABLE journal DISABLE TRIGGER ALL; ALTER TABLE named DISABLE TRIGGER ALL";
  const tables = ["head", "records", "journal", "named", "blobs"];
  const keep = tables.map((name) => `CREATE TABLE kept.${name} AS TABLE countersign.${name}`).join("; ");
  await postgres.query(`CREATE SCHEMA kept; ${keep}`, "original");
  try {
    await postgres.query(`SET search_path = countersign; ${[off, ...statements].join("; ")}`, "original");
    return (await store.audit()).map(({ code, detail }) => `${code} ${detail}`);
  } finally {
    const columns = "seq, kind, id, version, body, sum";
    const back = tables.map((name) =>
      name === "records"
        ? `DELETE FROM records; INSERT INTO records(${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM kept.records`
        : `DELETE FROM ${name}; INSERT INTO ${name} SELECT * FROM kept.${name}`,
    );
    await postgres.query(
      `SET search_path = countersign; ${off}; ${back.join("; ")}; DROP SCHEMA kept CASCADE`,
      "original",
    );
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const bytes = (sum: Uint8Array): string => `'\\x${Buffer.from(sum).toString("hex")}'`;

describe("someone who edits the database", () => {
  it("is noticed when a record is set back, added, removed, renamed or renumbered", async () => {
    expect(await store.audit()).toEqual([]);
    const body = JSON.stringify(human);
    const version = 2 * (people.indexOf(human) + 1);
    // The checksum is no secret, so an editor makes it fit.
    const fit = bytes(sumOf(version, "human", human.id, body));
    const where = `WHERE id = ${quoted(human.id)}`;
    expect(await edited(`UPDATE records SET body = ${quoted(body)}, sum = ${fit} ${where}`)).toEqual([
      `data.damaged record \`human ${human.id}\` differs from the last entry of the ledger that names it`,
    ]);
    expect(await edited("DELETE FROM records WHERE kind = 'brake'")).toContain(
      `data.damaged record \`brake ${brake.id}\` is missing, though the ledger knows it`,
    );
    const forged = make.human();
    const text = JSON.stringify(forged);
    const sum = bytes(sumOf(3, "human", forged.id, text));
    const insert = `INSERT INTO records(kind, id, version, body, sum) VALUES ('human', ${quoted(forged.id)}, 3, ${quoted(text)}, ${sum})`;
    expect(await edited(insert)).toEqual([`data.damaged record \`human ${forged.id}\` is in no entry of the ledger`]);
    expect((await edited(`UPDATE records SET id = 'hum_x' ${where}`)).join()).toContain(
      `\`human ${human.id}\` is missing`,
    );
    expect((await edited(`UPDATE records SET version = 1 ${where}`)).join()).toContain("is damaged");
    expect(await store.audit()).toEqual([]);
  });

  it("is noticed when an entry is changed, removed, or hidden from who looks for it", async () => {
    const changed =
      "UPDATE journal SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'destructive', 'readreadrea'), 'UTF8') WHERE idx = 14";
    expect((await edited(changed)).join()).toContain("entry 14 does not have the content");
    expect(await edited("DELETE FROM journal WHERE idx = 12")).toContain(
      "ledger.damaged entry 12 is missing from the journal",
    );
    expect((await edited("DELETE FROM journal WHERE idx = 18")).join()).toContain(
      "numbers of the last commit do not fit",
    );
    expect((await edited("UPDATE journal SET resource = 'file:/elsewhere' WHERE idx = 14")).join()).toContain(
      "filed under",
    );
    expect((await edited("UPDATE journal SET point_seq = 1000 WHERE idx = 14")).join()).toContain("entry 14");
    expect((await edited("DELETE FROM named WHERE kind = 'brake'")).join()).toContain(
      `is not filed under record \`brake ${brake.id}\``,
    );
    expect((await edited("DELETE FROM named WHERE id = 'file:/out'")).join()).toContain("is not filed under");
    expect((await edited("INSERT INTO named VALUES ('human', 'hum_x', 3)")).join()).toContain(
      "lookup table does not fit",
    );
    expect((await edited("UPDATE head SET version = 99")).join()).toContain("numbers of the last commit");
    expect((await edited("UPDATE blobs SET bytes = '\\x00'")).length).toBe(people.length);
    expect(await store.audit()).toEqual([]);
  });

  it("is refused when what decayed is read, also without an audit", async () => {
    const damaged = { code: "data.damaged" };
    await postgres.query("UPDATE countersign.records SET body = replace(body, 'inactive', 'activein')", "original");
    await postgres.query("UPDATE countersign.blobs SET bytes = '\\x00'", "original");
    await expect(store.get("human", human.id)).rejects.toMatchObject(damaged);
    await expect(store.find("human")).rejects.toMatchObject(damaged);
    await expect(store.changes(0, ["human"])).rejects.toMatchObject(damaged);
    await expect(store.blob(human.id)).rejects.toMatchObject(damaged);
    await store.journal.replaceCheckpoint(null, "one");
    await postgres.query("UPDATE countersign.meta SET value = 'two'", "original");
    await expect(store.journal.checkpoint()).rejects.toMatchObject(damaged);
  });

  it("is refused commits when entries that were durable are gone", async () => {
    await postgres.query("UPDATE countersign.head SET size = size - 1", "original");
    await expect(store.commit({ entries: [make.entry(make.id("ep"))] })).rejects.toMatchObject({
      code: "data.damaged",
      detail: expect.stringContaining("it lost some"),
    });
  });
});
