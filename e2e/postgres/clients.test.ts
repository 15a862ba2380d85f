import { connect } from "node:tls";
import { generateSigningKey } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Guarded } from "./guarded.ts";
import { hasProgram } from "../support/certificate.ts";

const hasPsql = hasProgram("psql", "--version");

let here: Guarded;
beforeAll(async () => {
  here = await Guarded.start();
});
afterAll(async () => await here.close());

const kinds = (): (string | null)[] =>
  here.enforced.control.entries.map(({ kind, action, outcome }) =>
    `${kind} ${action ?? ""} ${outcome?.status ?? ""}`.trim(),
  );

describe.skipIf(!hasPsql)("psql (postgresql)", () => {
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

describe.skipIf(!hasProgram("pgbench", "--version"))("pgbench (postgresql)", () => {
  it.each([
    ["simple", "-S"],
    ["extended", "-S"],
    ["prepared", "-S"],
    ["simple", "-N"],
    ["prepared", "-N"],
  ])("runs in mode %s with %s", async (mode, kind) => {
    const name = `bench_${mode}${kind}`.replace("-", "_");
    expect(name).not.toBe("");
    const { code, out, err } = await here.run("pgbench", ["-n", "-M", mode, kind, "-c", "2", "-t", "20"]);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toContain("number of transactions actually processed: 40/40");
    expect(out).toContain("number of failed transactions: 0");
  });
});

describe("the driver pg", () => {
  it("prepares, binds, reads rows of several types, and sees errors of the server", async () => {
    const client = here.client();
    await client.connect();
    const named = { name: "by id", text: "SELECT id, name FROM people WHERE id = $1" };
    expect((await client.query({ ...named, values: [7] })).rows).toEqual([{ id: 7, name: "name 7" }]);
    expect((await client.query({ ...named, values: [8] })).rows).toEqual([{ id: 8, name: "name 8" }]);
    await expect(client.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("SELECT $1::int", ["x"])).rejects.toMatchObject({ code: "22P02" });
    await expect(client.query("SELECT nothing FROM people WHERE id = $1", [1])).rejects.toMatchObject({
      code: "42703",
    });
    expect((await client.query("SELECT $1::text AS t", ["é"])).rows).toEqual([{ t: "é" }]);
    const all = await Promise.all([1, 2, 3, 4].map(async (n) => await client.query("SELECT $1::int AS n", [n])));
    expect(all.map(({ rows }) => (rows[0] as { n: number }).n)).toEqual([1, 2, 3, 4]);
    await client.end();
  });

  it("keeps a transaction, and savepoints in it", async () => {
    const client = here.client();
    await client.connect();
    await client.query("BEGIN");
    await client.query("UPDATE people SET name = $1 WHERE id = $2", ["changed", 3]);
    await client.query("SAVEPOINT s");
    await expect(client.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
    await client.query("ROLLBACK TO s");
    expect((await client.query("SELECT name FROM people WHERE id = 3")).rows).toEqual([{ name: "changed" }]);
    await client.query("ROLLBACK");
    expect((await client.query("SELECT name FROM people WHERE id = 3")).rows).toEqual([{ name: "name 3" }]);
    await client.end();
  });

  it("hears notifications", async () => {
    const [one, two] = [here.client(), here.client()];
    await Promise.all([one.connect(), two.connect()]);
    const heard = new Promise((resolve) => one.once("notification", resolve));
    await one.query("LISTEN news");
    await two.query("NOTIFY news, 'hello'");
    expect(await heard).toMatchObject({ channel: "news", payload: "hello" });
    await Promise.all([one.end(), two.end()]);
  });
});

describe.skipIf(!hasPsql)("COPY (psql)", () => {
  it("brings rows in and out", async () => {
    const rows = Array.from({ length: 3000 }, (_, n) => `${String(n + 10_000)}\trow ${String(n)}`).join("\n");
    const into = await here.run("psql", ["-XAtq", "-c", "COPY people FROM STDIN"], `${rows}\n`);
    expect(into).toEqual({ code: 0, out: "", err: "" });
    const out = await here.psql("COPY (SELECT * FROM people WHERE id >= 10000 ORDER BY id) TO STDOUT");
    expect(out.out).toBe(`${rows}\n`);
    const broken = await here.run(
      "psql",
      ["-XAtq", "-c", "COPY people FROM STDIN", "-c", "SELECT 5"],
      "no\tsuch row\n",
    );
    expect(broken.err).toContain("invalid input syntax for type integer");
    expect(broken.out).toBe("5\n");
    await here.postgres.query("DELETE FROM people WHERE id >= 10000", "billing");
  });
});

describe.skipIf(!hasPsql)("large results (psql)", () => {
  it("pass without being kept", async () => {
    const { out, err } = await here.psql("SELECT repeat('x', 1000) FROM generate_series(1, 60000)");
    expect(err).toBe("");
    expect(out.length).toBe(60_000 * 1001);
    const wide = await here.psql("SELECT repeat('y', 30000000)");
    expect(wide.out.length).toBe(30_000_001);
  });
});

describe.skipIf(!hasPsql)("cursors and portals (psql)", () => {
  it("hand out rows in parts", async () => {
    const { out } = await here.psql(
      "BEGIN; DECLARE c CURSOR FOR SELECT id FROM people ORDER BY id; FETCH 2 FROM c; FETCH 1 FROM c; COMMIT",
    );
    expect(out).toBe("1\n2\n3\n");
  });
});

describe.skipIf(!hasPsql)("what is refused (psql)", () => {
  it("says D in DETAIL, and goes on", async () => {
    const { err, out } = await here.psql("SET ROLE postgres", "SELECT 1");
    expect(err).toContain("ERROR:  42501:");
    expect(err).toContain('"code":"policy.denied"');
    expect(out).toBe("1\n");
    const syntax = await here.psql("SELEC 1");
    expect(syntax.err).toContain("ERROR:  42601: syntax error");
  });

  it("is held, alone with CS001, in a block with CS002, which is aborted", async () => {
    const alone = await here.psql("DELETE FROM people WHERE id = 1", "SELECT count(*) FROM people");
    expect(alone.err).toContain("ERROR:  CS001: HELD apr_");
    expect(alone.err).toContain('"decision":"hold"');
    expect(alone.out).toBe("1200\n");
    const block = await here.run(
      "psql",
      ["-XAt", "-v", "VERBOSITY=verbose"],
      "BEGIN;\nUPDATE people SET name = 'no' WHERE id = 2;\nDELETE FROM people;\nSELECT 1;\nCOMMIT;\nSELECT name FROM people WHERE id = 2;\n",
    );
    expect(block.err).toContain("CS002");
    expect(block.err).toContain("25P02");
    expect(block.out).toBe("BEGIN\nUPDATE 1\nROLLBACK\nname 2\n");
  });

  it("is told to a driver, in a batch and in a block", async () => {
    const client = here.client();
    await client.connect();
    await expect(client.query("DELETE FROM people WHERE id = $1", [1])).rejects.toMatchObject({ code: "CS001" });
    expect((await client.query("SELECT 1 AS one WHERE $1", [true])).rows).toEqual([{ one: 1 }]);
    await client.query("BEGIN");
    await expect(client.query("DELETE FROM people WHERE id = $1", [1])).rejects.toMatchObject({ code: "CS002" });
    await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
    await client.query("ROLLBACK");
    expect((await client.query("SELECT count(*)::int AS n FROM people")).rows).toEqual([{ n: 1200 }]);
    await client.end();
  });
});

describe("a cancel", () => {
  it("ends what runs, with the driver's own key", async () => {
    const child = here.spawnPsql("-c", "SELECT pg_sleep(30)", "-c", "SELECT 7");
    let err = "";
    let out = "";
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const over = new Promise((resolve) => child.once("close", resolve));
    await here.untilQuery("pg_sleep");
    child.kill("SIGINT");
    await over;
    expect(err).toContain("57014");
    expect(out).toBe("");
  });
});

describe.skipIf(!hasPsql)("who is no task (psql)", () => {
  it("gets no session: in clear, without a certificate, with one of another key, or at a database that is not guarded", async () => {
    const plain = await here.run("psql", ["-XAt", "-c", "SELECT 1", "sslmode=disable"]);
    expect(plain.err).toContain("this server takes TLS with the certificate of a task");
    const stranger = here.client({}, { ...here.enforced.credential, key: generateSigningKey() });
    await expect(stranger.connect()).rejects.toMatchObject({
      code: "42501",
      detail: expect.stringContaining("credential.not_bound"),
    });
    const elsewhere = here.client({ database: "other" });
    await expect(elsewhere.connect()).rejects.toMatchObject({ detail: expect.stringContaining("upstream.unknown") });
    const tls = { host: "127.0.0.1", port: here.port, rejectUnauthorized: false, ALPNProtocols: ["postgresql"] };
    const socket = connect(tls);
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    socket.resume();
    await ended;
    expect(socket.bytesRead).toBe(0);
  });

  it.each(["replication=database", "options='-c search_path=x'", "options=-crole=postgres"])(
    "gets none with %s",
    async (option) => {
      const { err } = await here.run("psql", ["-XAt", "-c", "SELECT 1", option]);
      expect(err).toContain("refused");
    },
  );
});
