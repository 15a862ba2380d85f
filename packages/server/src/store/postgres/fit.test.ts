import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../testing/index.ts";
import type { LedgerStore } from "../journal.ts";
import { openStore } from "../open-store.ts";
import { ok } from "../testing/opened-store.ts";
import { Samples } from "../testing/samples.ts";
import { parseAddress } from "./address.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { Session } from "./session.ts";

const MINUTE = 60_000;
const PAGE = fileURLToPath(new URL("../../../../../docs/operate/postgresql.md", import.meta.url));
const make = new Samples();
const point = make.id("ep");

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, MINUTE);
afterAll(async () => {
  await postgres.stop();
}, MINUTE);

async function open(name: string): Promise<LedgerStore> {
  return await openStore({ url: await postgres.url(name), clock: Date.now });
}

describe("a PostgreSQL that is not fit", () => {
  it.each([
    ["ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", "`fsync = on`"],
    ["ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM RESET full_page_writes", "`full_page_writes = on`"],
    [
      "ALTER DATABASE unfit SET synchronous_commit = off",
      "ALTER DATABASE unfit RESET synchronous_commit",
      "`synchronous_commit = on`",
    ],
  ])("is refused: %s", async (set, reset, says) => {
    await postgres.url("unfit");
    for (const text of [set, "SELECT pg_reload_conf()"]) await postgres.query(text);
    const refused = { code: "config.invalid", detail: expect.stringContaining(says) };
    // A reload takes a moment to reach new connections.
    await expect
      .poll(async () =>
        open("unfit").then(
          async (store) => store.close(),
          (error: unknown) => error,
        ),
      )
      .toMatchObject(refused);
    for (const text of [reset, "SELECT pg_reload_conf()"]) await postgres.query(text);
    await expect
      .poll(async () =>
        open("unfit").then(
          async (store) => store.close(),
          (error: unknown) => error,
        ),
      )
      .toBeUndefined();
  });

  it("is refused when it would commit without its standby, or holds another encoding", async () => {
    await postgres.url("lone");
    await postgres.query("ALTER DATABASE lone SET synchronous_commit = local");
    await (await open("lone")).close();
    await postgres.query("ALTER SYSTEM SET synchronous_standby_names = 'other'");
    await postgres.query("SELECT pg_reload_conf()");
    await expect
      .poll(async () =>
        open("lone").then(
          async (store) => store.close(),
          (error: unknown) => error,
        ),
      )
      .toMatchObject({ code: "config.invalid", detail: expect.stringContaining("does not wait for its standby") });
    await postgres.query("ALTER SYSTEM RESET synchronous_standby_names");
    await postgres.query("SELECT pg_reload_conf()");
    await postgres.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");
    const url = (await postgres.url("lone")).replace(/lone$/, "latin");
    await expect(openStore({ url, clock: Date.now })).rejects.toMatchObject({
      detail: expect.stringContaining("UTF8"),
    });
  });

  it("is refused without saying the password", async () => {
    const url = (await postgres.url("lone")).replace("only-for-tests", "wr0ng-s3cret");
    const error: unknown = await openStore({ url, clock: Date.now }).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: "ledger.unavailable", detail: expect.stringContaining("28P01") });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("s3cret");
  });
});

describe("the schema", () => {
  const newer = async (name: string, schema: number, needs: number): Promise<void> =>
    void (await postgres.query(
      `UPDATE countersign.head SET schema = ${String(schema)}, needs = ${String(needs)}`,
      name,
    ));

  it("may be newer as long as this program can bear it, and refuses each commit from when it can't", async () => {
    const store = await open("schema");
    await newer("schema", MIGRATIONS.length + 1, MIGRATIONS.length);
    expect(await store.commit({ entries: [make.entry(point)] })).toMatchObject({ ok: true });
    await (await open("schema")).close();
    await newer("schema", MIGRATIONS.length + 2, MIGRATIONS.length + 1);
    await expect(store.commit({ entries: [make.entry(point)] })).rejects.toMatchObject({
      code: "ledger.unavailable",
      detail: expect.stringContaining("newer schema"),
    });
    await expect(open("schema")).rejects.toMatchObject({
      code: "data.damaged",
      detail: expect.stringContaining("newer version"),
    });
    expect((await store.entries({ limit: 9 })).length).toBe(1);
    await store.close();
  });

  it("is brought on by one program while another writes, between two of its commits, and only once", async () => {
    const store = await open("grows");
    const address = parseAddress(await postgres.url("grows"));
    const added = { needs: 1, sql: "CREATE TABLE countersign.added(x int); SELECT pg_sleep(0.2)" };
    const session = await Session.open(address, address.hosts[0]!, { answerMs: 0, statementMs: 0 });
    const commits = Array.from({ length: 50 }, async () => store.commit({ entries: [make.entry(point)] }));
    await migrate(session, [...MIGRATIONS, added]);
    await migrate(session, [...MIGRATIONS, added]);
    expect((await Promise.all(commits)).every((committed) => committed.ok)).toBe(true);
    expect(await store.commit({ entries: [make.entry(point)] })).toMatchObject({ ok: true });
    // Half a migration leaves nothing.
    const broken = { needs: 3, sql: "CREATE TABLE countersign.half(x int); SELECT 1/0" };
    await expect(migrate(session, [...MIGRATIONS, added, broken])).rejects.toThrow("division by zero");
    await session.script("ROLLBACK");
    const [head] = await postgres.query(
      "SELECT schema, needs, to_regclass('countersign.half') AS half FROM countersign.head",
      "grows",
    );
    expect(head).toEqual({ schema: MIGRATIONS.length + 1, needs: 1, half: null });
    await session.close();
    await store.close();
  });
});

describe("the rights of a server", () => {
  it("are those of the operator's page: it does its work, and can't change what was recorded", async () => {
    const owner = await open("rights");
    await owner.close();
    const script = /```sql\n(-- The server's role[\s\S]*?)```/.exec(readFileSync(PAGE, "utf8"))?.[1] ?? "";
    expect(script).toContain("GRANT");
    await postgres.query(script.replaceAll("CHANGE-ME", "narrow"), "rights");
    const url = (await postgres.url("rights")).replace("countersign:only-for-tests", "countersign_server:narrow");
    const store = await openStore({ url, clock: Date.now });
    const human = make.human();
    ok(
      await store.commit({
        put: [human],
        entries: [make.entry(point, make.draft(), [human])],
        blobs: [{ name: "k", bytes: new Uint8Array(1) }],
      }),
    );
    const left = make.human(human.id as never, "inactive");
    ok(await store.commit({ put: [left], entries: [make.entry(point, make.draft(), [left])] }));
    expect(await store.head()).toMatchObject({ version: 2 });
    await store.board.post("t", [{ key: "k", value: 1 }], MINUTE);
    expect(await store.board.take("t", "k")).toBe(1);
    expect(await store.journal.replaceCheckpoint(null, "one")).toBe(true);
    expect(await store.journal.replaceCheckpoint("one", "two")).toBe(true);
    await store.eraseBlob("k");
    await store.exclusively(async () => Promise.resolve());
    expect(await store.audit()).toEqual([]);
    await store.close();
    const address = parseAddress(url);
    const session = await Session.open(address, address.hosts[0]!, { answerMs: 0, statementMs: 0 });
    for (const text of [
      "UPDATE journal SET leaf = ''",
      "DELETE FROM journal",
      "TRUNCATE journal",
      "DELETE FROM named",
      "DELETE FROM records",
      "ALTER TABLE journal DISABLE TRIGGER ALL",
      "DROP TABLE journal",
      "CREATE TABLE mine()",
    ])
      await expect(session.script(text)).rejects.toMatchObject({ code: "42501" });
    await session.close();
  });

  it("leave even the owner no way to change an entry by a plain statement", async () => {
    await (await open("owner")).close();
    for (const text of [
      "UPDATE countersign.journal SET leaf = ''",
      "DELETE FROM countersign.journal",
      "TRUNCATE countersign.journal",
    ]) {
      await expect(postgres.query(text, "owner")).rejects.toThrow("the journal only grows");
      await expect(postgres.query(`SET session_replication_role = replica; ${text}`, "owner")).rejects.toThrow(
        "only grows",
      );
    }
  });
});
