import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MIGRATIONS } from "./migrations.ts";
import { openStore } from "../open-store.ts";
import { Samples } from "../testing/samples.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "countersign-data-"));
});
afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});
const open = (data = path): ReturnType<typeof openStore> => openStore({ path: data, clock: () => 1_800_000_000_000 });
const HOLDER = fileURLToPath(new URL("../testing/hold-store.ts", import.meta.url));

describe("the data directory", () => {
  it("is made with its parents, for its owner alone", async () => {
    const data = join(path, "a/b");
    const store = await open(data);
    await store.commit({ blobs: [{ name: "x", bytes: new Uint8Array(1) }] });
    expect(statSync(data).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(data))
      expect([file, statSync(join(data, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(readdirSync(data).toSorted()).toEqual([
      "countersign.db",
      "countersign.db-shm",
      "countersign.db-wal",
      "lock",
      "pid",
    ]);
    await store.close();
  });

  it("is closed to others when it was open to them", async () => {
    chmodSync(path, 0o755);
    writeFileSync(join(path, "countersign.db"), "", { mode: 0o644 });
    await (await open()).close();
    expect([statSync(path).mode & 0o777, statSync(join(path, "countersign.db")).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it("is refused when it is a file", async () => {
    const file = join(path, "file");
    writeFileSync(file, "");
    await expect(open(file)).rejects.toMatchObject({ code: "config.invalid" });
    await expect(open(join(file, "data"))).rejects.toMatchObject({ code: "config.invalid" });
  });

  it.runIf(process.platform === "linux")("is refused where nothing can be made", async () => {
    await expect(open("/proc/countersign/data")).rejects.toMatchObject({ code: "config.invalid" });
  });

  it("is refused to a second store, which names the process that has it", async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({
      code: "data.in_use",
      message: expect.stringContaining(`process ${String(process.pid)}`),
    });
    await store.close();
    await (await open()).close();
  });

  it("is refused while another process has it, and free again after kill -9", async () => {
    const holder = spawn(process.execPath, [HOLDER, path], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const gone = once(holder, "exit");
    const refused = await open().catch((error: unknown) => error);
    holder.kill("SIGKILL");
    await gone;
    expect(refused).toMatchObject({
      code: "data.in_use",
      message: expect.stringContaining(`process ${String(holder.pid)}`),
    });
    const store = await open();
    expect([store.generation, store.journal.size()]).toEqual([2, 1]);
    await store.close();
  });
});

describe("the database", () => {
  it("is refused when a newer version wrote it", async () => {
    await (await open()).close();
    const db = new DatabaseSync(join(path, "countersign.db"));
    db.exec(`PRAGMA user_version = ${String(MIGRATIONS.length + 1)}`);
    db.close();
    await expect(open()).rejects.toMatchObject({
      code: "data.damaged",
      message: expect.stringContaining("newer version"),
    });
  });

  it("is refused when it is something else", async () => {
    writeFileSync(
      join(path, "countersign.db"),
      "not a database at all, but long enough to be read as a header".repeat(99),
    );
    await expect(open()).rejects.toMatchObject({ code: "data.damaged" });
  });

  it.each(["UPDATE journal SET kind = 'x'", "DELETE FROM journal", "REPLACE INTO journal SELECT * FROM journal"])(
    "has a journal that refuses `%s`",
    async (sql) => {
      const make = new Samples();
      const store = await open();
      await store.commit({ entries: [make.entry(make.id("ep"))] });
      await store.close();
      const db = new DatabaseSync(join(path, "countersign.db"));
      db.exec("PRAGMA recursive_triggers = ON");
      expect(() => db.exec(sql)).toThrow("the journal only grows");
      db.close();
    },
  );

  it("stops acknowledging when its files are removed or replaced under it", async () => {
    const make = new Samples();
    const point = make.id("ep");
    for (const file of ["countersign.db", "countersign.db-wal"]) {
      const store = await open(join(path, file));
      await store.commit({ entries: [make.entry(point)] });
      const bytes = readFileSync(join(path, file, file));
      rmSync(join(path, file, file));
      writeFileSync(join(path, file, file), bytes);
      for (let i = 0; i < 2; i += 1) {
        await expect(store.commit({ entries: [make.entry(point)] })).rejects.toMatchObject({
          code: "ledger.unavailable",
          message: expect.stringContaining("removed or replaced"),
        });
      }
      await store.close();
    }
  });

  it("waits a moment for another program that holds it, then refuses, and goes on afterwards", async () => {
    const make = new Samples();
    const point = make.id("ep");
    const store = await open();
    const other = new DatabaseSync(join(path, "countersign.db"));
    other.exec("BEGIN IMMEDIATE");
    await expect(store.commit({ entries: [make.entry(point)] })).rejects.toMatchObject({
      code: "ledger.unavailable",
      message: expect.stringContaining("another program"),
    });
    other.exec("ROLLBACK");
    other.close();
    expect(await store.commit({ entries: [make.entry(point)] })).toMatchObject({ ok: true, indexes: [0] });
    await store.close();
  });

  it("leaves no byte of an erased blob behind", async () => {
    const secret = Buffer.from("a secret that is to be forgotten");
    const store = await open();
    await store.commit({ blobs: [{ name: "k", bytes: secret }] });
    const holds = (): boolean =>
      readdirSync(path).some(
        (file) => file.startsWith("countersign.db") && readFileSync(join(path, file)).includes(secret),
      );
    expect(holds()).toBe(true);
    await store.eraseBlob("k");
    expect(holds()).toBe(false);
    await store.close();
  });
});
