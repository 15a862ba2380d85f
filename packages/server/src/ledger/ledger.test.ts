import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseVkey, verifyLog, verifyProofFile } from "@countersign/ledger";
import type { LedgerEntry } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFileOf } from "./log-directory.ts";
import { sha256, verifyEd25519 } from "./log-key.ts";
import { entryBundle, publicFile } from "./public-files.ts";
import { Samples } from "../store/testing/samples.ts";
import { LedgerFixture } from "./testing/ledger-fixture.ts";
import { verifyRunning } from "./verify-running.ts";

const make = new Samples();
const point = make.id("ep");
let at: LedgerFixture;
beforeEach(() => {
  at = new LedgerFixture(() => make.entry(point, make.draft({ cause: { n: make.id("dec") } })));
});
afterEach(async () => {
  await at.close();
  at.remove();
});

/** As a stranger reads it: files and key, nothing else. */
async function strangerVerifies(directory: string, oldCheckpoint?: string): ReturnType<typeof verifyLog> {
  const vkey = readFileSync(join(directory, "vkey"), "utf8").trim();
  return verifyLog((path, limit) => readFileOf(join(directory, path), limit), vkey, {
    sha256,
    verify: verifyEd25519,
    ...(oldCheckpoint === undefined ? {} : { oldCheckpoint }),
  });
}
const files = (): string => join(at.path, "ledger");

function edit(sql: string): void {
  const db = new DatabaseSync(join(at.path, "countersign.db"));
  db.exec(
    `DROP TRIGGER IF EXISTS journal_update; DROP TRIGGER IF EXISTS journal_delete; PRAGMA foreign_keys = OFF; ${sql}`,
  );
  db.close();
}

describe("the published log", () => {
  it("begins with the empty tree and follows the journal", async () => {
    await at.open();
    expect([at.ledger.origin, at.ledger.published().size]).toEqual(["localhost:7330/ledger", 0]);
    const before = at.ledger.published().note;
    for (const count of [1, 254, 1, 1, 300]) {
      await at.add(count);
      await at.ledger.covers(at.store.journal.size());
      expect(await strangerVerifies(files(), before)).toMatchObject({
        ok: true,
        checkpoint: { size: at.store.journal.size() },
        continues: 0,
        remarks: { total: 0 },
      });
    }
    expect(await verifyRunning(at.ledger, at.store)).toMatchObject({ log: { ok: true }, faults: [] });
  });

  it("is published without being asked, and when it closes", async () => {
    await at.open();
    const { directory } = at.ledger;
    await at.add(3);
    await expect.poll(() => at.ledger.published().size, { interval: 5 }).toBe(3);
    await at.add(2);
    await at.close();
    expect(Buffer.from((await directory.read("checkpoint"))!).toString()).toContain("\n5\n");
  });

  it("continues after a restart, under the name that it first had", async () => {
    await at.open();
    await at.add(300);
    await at.close();
    const old = readFileSync(join(files(), "checkpoint"), "utf8");
    at.publicUrl = "https://elsewhere.example";
    await at.open();
    await at.add(300);
    await at.ledger.covers(600);
    expect(at.ledger.origin).toBe("localhost:7330/ledger");
    expect(await strangerVerifies(files(), old)).toMatchObject({ ok: true, continues: 300, checkpoint: { size: 600 } });
    expect(at.warnings).toEqual([]);
  });

  it("drops partial tiles once the full one is there", async () => {
    await at.open();
    await at.add(255);
    await at.ledger.covers(255);
    const partial = { hashes: "tile/0/000.p/255", entries: "tile/entries/000.p/255" };
    expect([await at.ledger.directory.has(partial.hashes), await at.ledger.directory.has(partial.entries)]).toEqual([
      true,
      true,
    ]);
    await at.add(1);
    await at.ledger.covers(256);
    expect([await at.ledger.directory.has(partial.hashes), await at.ledger.directory.has("tile/0/000")]).toEqual([
      false,
      true,
    ]);
    expect([await at.ledger.directory.has(partial.entries), await at.ledger.directory.has("tile/1/000.p/1")]).toEqual([
      false,
      true,
    ]);
  });

  it("proves an entry to whoever has the key", async () => {
    await at.open();
    await at.add(700);
    const stored = (await at.store.entries({ from: 333, limit: 1 }))[0]!;
    const proof = await at.ledger.prove((stored.body as unknown as LedgerEntry).id);
    const vkey = parseVkey(sha256, at.ledger.vkey);
    if (!vkey.ok) throw new Error(vkey.code);
    const trust = { logKey: vkey.key, verify: verifyEd25519 };
    expect(await verifyProofFile(proof, stored.leaf, { sha256, trust })).toMatchObject({ ok: true, index: 333 });
    expect(await verifyProofFile(proof, Buffer.from("{}"), { sha256, trust })).toMatchObject({
      ok: false,
      code: "proof.wrong",
    });
    await expect(at.ledger.prove("ent_none")).rejects.toMatchObject({ code: "request.not_found" });
  });

  it("waits out a disk that refuses, and tells", async () => {
    await at.open();
    mkdirSync(join(files(), "tile"));
    writeFileSync(join(files(), "tile/0"), "in the way");
    await at.add(1);
    await expect(at.ledger.covers(1)).rejects.toMatchObject({ code: "ledger.unavailable" });
    expect(at.warnings[0]?.message).toBe("the ledger could not be published");
    rmSync(join(files(), "tile/0"));
    await at.ledger.covers(1);
    expect(await strangerVerifies(files())).toMatchObject({ ok: true, checkpoint: { size: 1 } });
  });

  it("stops for good when the stored checkpoint is none of its key's, and tells once", async () => {
    await at.open();
    await at.add(1);
    await at.ledger.covers(1);
    expect(await at.store.journal.replaceCheckpoint(await at.store.journal.checkpoint(), "another note")).toBe(true);
    await at.add(1);
    for (const _ of [1, 2]) await expect(at.ledger.covers(2)).rejects.toMatchObject({ code: "ledger.damaged" });
    expect(await at.ledger.agreement()).toMatchObject({ ok: false });
    expect([at.ledger.published().size, at.warnings.length]).toEqual([1, 1]);
  });
});

describe("a start", () => {
  async function withLog(count: number): Promise<void> {
    await at.open();
    await at.add(count);
    await at.ledger.covers(count);
    await at.close();
  }

  it("writes again what a crash between signing and publishing left out", async () => {
    await withLog(600);
    const lost = ["checkpoint", "tile/0/002.p/88", "tile/entries/002.p/88", "tile/0/001", "tile/entries/000"];
    const whole = lost.map((path) => readFileSync(join(files(), path)));
    for (const path of lost) rmSync(join(files(), path));
    mkdirSync(join(files(), ".tmp"), { recursive: true });
    writeFileSync(join(files(), ".tmp/17"), "half a til");
    await at.open();
    expect(lost.map((path) => readFileSync(join(files(), path)))).toEqual(whole);
    expect(await strangerVerifies(files())).toMatchObject({ ok: true, checkpoint: { size: 600 } });
  });

  it("writes again a published file that is gone", async () => {
    await withLog(600);
    for (const path of ["tile/0/001", "tile/entries/000", "tile/entries/002.p/88"]) rmSync(join(files(), path));
    await at.open();
    expect(await strangerVerifies(files())).toMatchObject({ ok: true, checkpoint: { size: 600 } });
  });

  it("rebuilds all files from the journal", async () => {
    await withLog(600);
    rmSync(files(), { recursive: true });
    await at.open();
    expect(await strangerVerifies(files())).toMatchObject({ ok: true, checkpoint: { size: 600 } });
    expect(at.warnings).toEqual([]);
  });

  it("tells of a published tile that was changed, and writes it again", async () => {
    await withLog(600);
    const tile = join(files(), "tile/0/001");
    const bytes = readFileSync(tile);
    writeFileSync(tile, bytes.toReversed());
    await at.open();
    expect(at.warnings).toEqual([
      { message: expect.stringContaining("had been changed"), fields: { tiles: ["tile/0/001"] } },
    ]);
    expect(readFileSync(tile).equals(bytes)).toBe(true);
  });

  /** Rewrites one entry and its hash, as somebody with the database could. */
  function rewrite(index: number): void {
    edit(
      `UPDATE journal SET leaf = CAST(replace(CAST(leaf AS TEXT), '2027', '2026') AS BLOB) WHERE idx = ${String(index)}`,
    );
    const db = new DatabaseSync(join(at.path, "countersign.db"));
    const { leaf } = db.prepare("SELECT leaf FROM journal WHERE idx = ?").get(index) as { leaf: Uint8Array };
    db.prepare("UPDATE journal SET leaf_hash = ? WHERE idx = ?").run(
      sha256(Buffer.concat([new Uint8Array(1), leaf])),
      index,
    );
    db.close();
  }

  it("refuses a journal whose entry was rewritten with its hash, and names the entry", async () => {
    await withLog(300);
    rewrite(270);
    await expect(at.open()).rejects.toMatchObject({
      code: "ledger.damaged",
      message: expect.stringContaining("entry 270 of the journal is not the one that was signed"),
    });
  });

  it("refuses it also when nothing is left of what was published", async () => {
    await withLog(300);
    rewrite(270);
    rmSync(files(), { recursive: true });
    await expect(at.open()).rejects.toMatchObject({
      code: "ledger.damaged",
      message: expect.stringContaining("the first 300 entries of the journal are not those that were signed"),
    });
  });

  it("refuses a journal that lost its newest entries", async () => {
    await withLog(300);
    edit("DELETE FROM journal WHERE idx >= 298");
    await expect(at.open()).rejects.toMatchObject({
      code: "ledger.damaged",
      message: expect.stringContaining("has 300 entries, the journal only 298"),
    });
  });

  it("refuses a database that was set back", async () => {
    await withLog(3);
    cpSync(join(at.path, "countersign.db"), join(at.path, "old.db"));
    await withLog(6);
    cpSync(join(at.path, "old.db"), join(at.path, "countersign.db"));
    await expect(at.open()).rejects.toMatchObject({
      code: "ledger.damaged",
      message: expect.stringContaining("were published"),
    });
  });

  it("refuses a checkpoint that its key did not sign, in the database and in the file", async () => {
    await withLog(3);
    const file = join(files(), "checkpoint");
    const note = readFileSync(file, "utf8");
    writeFileSync(file, note.replace("\n3\n", "\n2\n"));
    await expect(at.open()).rejects.toMatchObject({
      code: "ledger.damaged",
      message: expect.stringContaining("`ledger/checkpoint`"),
    });
    await at.close();
    writeFileSync(file, note);
    Object.assign(at, {
      key: new LedgerFixture(() => make.entry(point, make.draft({ cause: { n: make.id("dec") } }))).key,
    });
    await expect(at.open()).rejects.toMatchObject({
      code: "ledger.damaged",
      message: expect.stringContaining("in the database"),
    });
  });

  it("refuses stored state that is not what the journal says", async () => {
    await at.open();
    const human = make.human();
    await at.store.commit({ put: [human], entries: [make.entry(point, make.draft(), [human])] });
    await at.close();
    edit("DELETE FROM records");
    await expect(at.open()).rejects.toMatchObject({
      code: "data.damaged",
      message: expect.stringContaining(`record \`human ${human.id}\` is missing`),
    });
  });
});

describe("what is published", () => {
  it("is what a stranger can verify, and one changed byte is refused", async () => {
    await at.open();
    await at.add(1000);
    await at.ledger.covers(1000);
    expect(await strangerVerifies(files())).toMatchObject({ ok: true, checkpoint: { size: 1000 } });
    const bundle = join(files(), "tile/entries/002");
    const bytes = readFileSync(bundle);
    bytes[1000] = bytes[1000]! ^ 1;
    writeFileSync(bundle, bytes);
    expect(await strangerVerifies(files())).toMatchObject({
      ok: false,
      code: "entry.altered",
      path: "tile/entries/002",
    });
  });
});

describe("what is served", () => {
  it("gives everybody the checkpoint, the key and hash tiles, auditors the entries, nobody anything else", async () => {
    await at.open();
    await at.add(300);
    await at.ledger.covers(300);
    const { directory } = at.ledger;
    expect((await publicFile(directory, "checkpoint"))?.cacheControl).toBe("public, max-age=1");
    expect((await publicFile(directory, "tile/0/001.p/44"))?.bytes).toHaveLength(44 * 32);
    expect((await publicFile(directory, "tile/0/000"))?.cacheControl).toContain("immutable");
    expect((await entryBundle(directory, "tile/entries/000"))?.cacheControl).toContain("private");
    const hidden = [
      "tile/entries/000",
      "../countersign.db",
      "tile/0/../../../countersign.db",
      "/etc/passwd",
      "tile/0/000.p/256",
      "tile/00/000",
      "tile/0/0",
      "tile/9/000",
      ".tmp",
      "",
      "tile/0/%30%30%30",
      "vkey/",
      "tile/0/000\0",
    ];
    for (const path of hidden) expect([path, await publicFile(directory, path)]).toEqual([path, null]);
    for (const path of ["checkpoint", "tile/0/000", "tile/entries/../../checkpoint"])
      expect([path, await entryBundle(directory, path)]).toEqual([path, null]);
  });
});
