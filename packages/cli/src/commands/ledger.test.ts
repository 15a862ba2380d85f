import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalBytes } from "@countersign/core";
import { printProofFile, tileReader } from "@countersign/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nativeSha256 } from "../log/native-crypto.ts";
import { startControlPlane, type TestControlPlane, type Told } from "../testing/control-plane.ts";
import { testCli, type TestCli } from "../testing/test-cli.ts";
import { testLog, type TestLog } from "../testing/test-log.ts";

const SIZE = 300;

describe("ledger", () => {
  let log: TestLog;
  let server: TestControlPlane;
  let test: TestCli;
  let folder = "";

  beforeEach(async () => {
    log = testLog(SIZE);
    const rows = [...log.files.keys()].map(
      (path) => [`GET /ledger/${path}`, (): Told => ({ body: log.files.get(path) })] as const,
    );
    test = testCli();
    server = await startControlPlane(
      Object.fromEntries(rows),
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
    server.route({
      "GET /v1/status": () => ({ body: { publicUrl: server.url } }),
      "GET /v1/keys": () => ({ body: { receipts: [] } }),
    });
    folder = join(test.surroundings.env.cwd, "export");
  });
  afterEach(async () => await server.close());

  describe("verify", () => {
    it("reads the running log over the socket: all of it from this one server", async () => {
      const { code, stdout } = await test.run("ledger", "verify", "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        ok: true,
        origin: "localhost/ledger",
        size: SIZE,
        place: `${server.url}/ledger`,
        remarksTotal: 0,
      });
      const read = server.asked.filter(({ path }) => path.startsWith("/ledger/"));
      expect(read.length).toBeGreaterThan(3);
      expect(read.every(({ local }) => local)).toBe(true);
    });

    it.each(["checkpoint", "tile/0/000", "tile/entries/000", "tile/entries/001.p/44"])(
      "finds one changed byte in `%s`",
      async (path) => {
        const bytes = Buffer.from(log.files.get(path) ?? []);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
        log.files.set(path, bytes);
        const { code, stdout, stderr } = await test.run("ledger", "verify", "--json");
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(JSON.parse(stderr)).toMatchObject({ code: "ledger.damaged", fault: expect.any(String) });
      },
    );

    it("tells a server that fails from a log that is damaged", async () => {
      server.route({ "GET /ledger/tile/0/000": () => ({ status: 503, body: { code: "ledger.unavailable" } }) });
      const { stderr } = await test.run("ledger", "verify", "--json");
      expect(JSON.parse(stderr)).toMatchObject({ code: "ledger.unavailable" });
    });

    it("tells a server that is down from a log that is damaged", async () => {
      await server.close();
      const { stderr } = await test.run("ledger", "verify", "--server", server.url, "--json");
      expect(JSON.parse(stderr)).toMatchObject({ code: "server.unreachable" });
      server = await startControlPlane({});
    });
  });

  describe("verify --proof", () => {
    const proofOf = async (index: number, extra: Uint8Array | null): Promise<string> => {
      const hashes = await tileReader(nativeSha256, (path) => log.files.get(path) ?? null).inclusionProof(index, SIZE);
      const checkpoint = Buffer.from(log.files.get("checkpoint") ?? []).toString();
      return printProofFile({ index, hashes, checkpoint, extra });
    };
    const verified = async (text: string, ...more: string[]): ReturnType<TestCli["run"]> => {
      writeFileSync(join(test.surroundings.env.cwd, "one.tlog-proof"), text);
      return await test.run("ledger", "verify", "--proof", "one.tlog-proof", ...more);
    };
    const leaf = (index: number): Uint8Array => canonicalBytes({ ...log.entries[index] });

    it("shows an entry and where it stands, with the key of the running log or one that is given", async () => {
      const proof = await proofOf(7, leaf(7));
      const { code, stdout } = await verified(proof, "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        ok: true,
        entry: log.entries[7],
        index: 7,
        origin: "localhost/ledger",
        size: SIZE,
      });
      await server.close();
      const vkey = Buffer.from(log.files.get("vkey") ?? [])
        .toString()
        .trim();
      expect(await verified(proof, "--key", vkey)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^verified {2}entry 7 of 300 of localhost\/ledger\n[^]*"ent_7"/),
      });
      server = await startControlPlane({});
    });

    it("refuses another entry, another key, and what is no proof", async () => {
      const wrong = await verified(await proofOf(7, leaf(8)), "--json");
      expect(JSON.parse(wrong.stderr)).toMatchObject({ code: "ledger.damaged", fault: "proof.wrong" });
      const other = Buffer.from(testLog(1).files.get("vkey") ?? [])
        .toString()
        .trim();
      expect(await verified(await proofOf(7, leaf(7)), "--key", other)).toMatchObject({ code: 1, stdout: "" });
      for (const text of ["", "garbage", await proofOf(7, null)])
        expect(await verified(text)).toMatchObject({ code: 1, stderr: expect.stringContaining("is no proof") });
      expect(await verified(await proofOf(7, leaf(7)), "--key", "x")).toMatchObject({ code: 1 });
      expect(await test.run("ledger", "verify", "--proof", "none")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("it cannot be read"),
      });
    });
  });

  describe("export", () => {
    it("writes the layout of the log with its key, and the export verifies without any server", async () => {
      const { code, stdout } = await test.run("ledger", "export", "export", "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, size: SIZE, dir: folder, files: log.files.size + 1 });
      for (const [path, bytes] of log.files) expect(readFileSync(join(folder, path))).toEqual(Buffer.from(bytes));
      expect(existsSync(join(folder, "keys.json"))).toBe(true);
      await server.close();
      const offline = await test.run("ledger", "verify", "--offline", "export");
      expect(offline).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^verified {2}300 entries of localhost\/ledger\n/),
      });
      writeFileSync(join(folder, "tile/entries/000"), "x");
      expect(await test.run("ledger", "verify", "--offline", "export")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("tile/entries/000"),
      });
      server = await startControlPlane({});
    });

    it("cuts a full tile when the partial one is gone already", async () => {
      const later = testLog(SIZE);
      for (const path of ["tile/0/001.p/44", "tile/entries/001.p/44"]) {
        const bytes = log.files.get(path);
        log.files.delete(path);
        server.route({ [`GET /ledger/${path}`]: () => ({ status: 404, body: { code: "request.not_found" } }) });
        const full = path.replace(".p/44", "");
        const rest = path.includes("entries") ? later.files.get(path) : new Uint8Array(212 * 32);
        server.route({
          [`GET /ledger/${full}`]: () => ({ body: Buffer.concat([bytes ?? Buffer.alloc(0), rest ?? Buffer.alloc(0)]) }),
        });
      }
      expect(await test.run("ledger", "export", "export")).toMatchObject({ code: 0 });
      expect(readFileSync(join(folder, "tile/0/001.p/44"))).toHaveLength(44 * 32);
    });

    it("is repeated into an earlier export, but not into anything else", async () => {
      await test.run("ledger", "export", "export");
      expect(await test.run("ledger", "export", "export")).toMatchObject({ code: 0 });
      writeFileSync(join(folder, "vkey"), "another+00000000+AQ==\n");
      expect(await test.run("ledger", "export", "export")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("holds something else"),
      });
      mkdirSync(join(test.surroundings.env.cwd, "home"));
      writeFileSync(join(test.surroundings.env.cwd, "home/a"), "");
      expect(await test.run("ledger", "export", "home")).toMatchObject({ code: 1 });
      expect(await test.run("ledger", "export", "home/a")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("ENOTDIR"),
      });
    });

    it("leaves no checkpoint when it broke off", async () => {
      log.files.delete("tile/entries/000");
      server.route({ "GET /ledger/tile/entries/000": () => ({ status: 404, body: { code: "request.not_found" } }) });
      expect(await test.run("ledger", "export", "export")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("tile/entries/000"),
      });
      expect(existsSync(join(folder, "checkpoint"))).toBe(false);
    });
  });

  it("verify --offline says what is missing", async () => {
    expect(await test.run("ledger", "verify", "--offline", "nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("nowhere/vkey` is missing"),
    });
    mkdirSync(dirname(join(folder, "vkey")), { recursive: true });
    writeFileSync(join(folder, "vkey"), Buffer.from(log.files.get("vkey") ?? []));
    expect(await test.run("ledger", "verify", "--offline", "export")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no checkpoint"),
    });
  });

  it("prove refuses a proof that does not fit", async () => {
    server.route({
      "GET /v1/ledger/entries/ent_1": () => ({ body: { index: 1, body: log.entries[1] } }),
      "GET /v1/ledger/proof/ent_1": () => ({ body: "c2sp.org/tlog-proof@v1\nindex 1\n\nlocalhost/ledger\n" }),
    });
    const { code, stdout, stderr } = await test.run("ledger", "prove", "ent_1", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ code: "ledger.damaged" });
    expect(await test.run("ledger", "prove", "ent_9")).toMatchObject({ code: 1 });
  });

  it("who is a table with names, newest as the server gives them", async () => {
    const act = {
      time: "2026-11-22T02:00:00.000Z",
      human: "hum_1",
      device: "dev_1",
      agent: "agt_1",
      task: "tsk_1",
      action: "mcp:files/write_file",
      resource: "file:/a",
    };
    const names = { human: "Alice", device: "laptop", agent: "coder", task: null };
    const acts = [
      { ...act, names, decision: { result: "permit", code: null }, outcome: "ok", approval: "apr_1" },
      { ...act, names, decision: { result: "deny", code: "brake.frozen" }, outcome: null, approval: null },
    ];
    server.route({ "GET /v1/ledger/who": () => ({ body: { acts } }) });
    const { stdout } = await test.run("ledger", "who", "file:/a b/**");
    expect(server.at("GET /v1/ledger/who")[0]?.path).toContain("resource=file%3A%2Fa%20b%2F**");
    expect(stdout.split("\n")).toEqual([
      "TIME                 HUMAN  DEVICE  AGENT  TASK   ACTION                RESOURCE  OUTCOME",
      "2026-11-22 02:00:00  Alice  laptop  coder  tsk_1  mcp:files/write_file  file:/a   ok (signed)",
      "2026-11-22 02:00:00  Alice  laptop  coder  tsk_1  mcp:files/write_file  file:/a   deny brake.frozen",
      "",
    ]);
    expect(JSON.parse((await test.run("ledger", "who", "file:/a", "--json")).stdout)).toEqual({ acts });
    server.route({ "GET /v1/ledger/who": () => ({ body: { acts: [] } }) });
    expect((await test.run("ledger", "who", "file:/b")).stdout).toContain("nobody has acted on `file:/b`");
  });

  it("tail shows the last entries, then each new one, one JSON object a line, until it is stopped", async () => {
    const all = Array.from({ length: 12 }, (_, index) => ({
      index,
      body: { kind: "admin", time: "2026-11-22T02:00:00.000Z" },
    }));
    const following = testCli({
      env: { ...test.surroundings.env },
      onPause: (count) => {
        if (count === 1) all.push({ index: 12, body: { kind: "brake", time: "2026-11-22T02:00:01.000Z" } });
        else following.stop.abort();
      },
    });
    server.route({
      "GET /v1/ledger/entries": ({ path }) => {
        const query = new URL(path, server.url).searchParams;
        const limit = Number(query.get("limit"));
        const from = Number(query.get("from") ?? 0);
        return {
          body: {
            entries: query.has("reverse")
              ? all.toReversed().slice(0, limit)
              : all.filter(({ index }) => index >= from).slice(0, limit),
          },
        };
      },
    });
    const { code, stdout } = await following.run("ledger", "tail", "--json");
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { index: number }).index),
    ).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});
