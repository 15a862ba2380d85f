import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseVkey, signCheckpoint, verifierKey, verifyLog } from "@countersign/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Samples } from "../store/testing/samples.ts";
import { readFileOf } from "./log-directory.ts";
import { sha256, verifyEd25519 } from "./log-key.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { LedgerFixture } from "./testing/ledger-fixture.ts";

const make = new Samples();
const point = make.id("ep");
/** `at` has the store; the other server has its files elsewhere. */
let at: LedgerFixture;
let elsewhere: string;
let other: Ledger;
let warnings: string[];

beforeEach(async () => {
  at = new LedgerFixture(() => make.entry(point, make.draft({ cause: { n: make.id("dec") } })));
  elsewhere = mkdtempSync(join(tmpdir(), "countersign-elsewhere-"));
  await at.open();
  await openOther();
});
afterEach(async () => {
  await other.close();
  await at.close();
  at.remove();
  rmSync(elsewhere, { recursive: true });
});

async function openOther(): Promise<void> {
  warnings = [];
  other = await openLedger({
    onDamage: (error) => {
      throw error;
    },
    store: at.store,
    path: elsewhere,
    key: at.key,
    publicUrl: at.publicUrl,
    intervalMs: 5,
    warn: (message) => warnings.push(message),
  });
}

async function verified(folder: string, old?: string): ReturnType<typeof verifyLog> {
  const files = join(folder, "ledger");
  const vkey = readFileSync(join(files, "vkey"), "utf8").trim();
  return await verifyLog((path, limit) => readFileOf(join(files, path), limit), vkey, {
    sha256,
    verify: verifyEd25519,
    ...(old === undefined ? {} : { oldCheckpoint: old }),
  });
}

/** What another holder of the log's key would have to sign to lead the log astray. */
async function store(checkpoint: { readonly size: number; readonly root: Uint8Array }): Promise<string> {
  const vkey = parseVkey(sha256, at.ledger.vkey);
  if (!vkey.ok) throw new Error(vkey.code);
  const key = verifierKey(sha256, { name: vkey.key.name, type: "ed25519", publicKey: at.key.publicKey });
  const note = signCheckpoint({ origin: key.name, ...checkpoint }, { key, sign: at.key.sign });
  expect(await at.store.journal.replaceCheckpoint(await at.store.journal.checkpoint(), note)).toBe(true);
  return note;
}

describe("two servers on one journal", () => {
  it("publish the same log, whoever signs", async () => {
    for (const count of [1, 254, 1, 300, 7]) {
      const old = at.ledger.published().note;
      await at.add(count);
      const size = at.store.journal.size();
      await Promise.all([at.ledger.covers(size), other.covers(size)]);
      expect(await verified(at.path, old)).toMatchObject({ ok: true, checkpoint: { size } });
      expect(await verified(elsewhere, old)).toMatchObject({ ok: true, checkpoint: { size } });
      expect(Buffer.compare(other.published().root, at.ledger.published().root)).toBe(0);
    }
    expect([await at.ledger.agreement(), await other.agreement()]).toEqual([
      { ok: true, size: 563 },
      { ok: true, size: 563 },
    ]);
    expect([at.warnings, warnings]).toEqual([[], []]);
  });

  it("one that was away takes up what the others signed, and more entries than one checkpoint adds", async () => {
    await other.close();
    await at.add(9000);
    await at.ledger.covers(9000);
    await openOther();
    expect(other.published().note).toBe(at.ledger.published().note);
    await at.close();
    expect(await verified(elsewhere)).toMatchObject({ ok: true, checkpoint: { size: 9000 } });
    await at.open();
    await openOther();
  });

  it.each([
    ["of another tree", 5, "has another root"],
    ["of the same size with another root", 4, "has another root"],
    ["of fewer entries than were published", 3, "is stored over"],
    ["of entries that there are not", 6, "missing from the journal"],
  ])("a signed checkpoint %s stops the publishing, and is told", async (_, size, words) => {
    await at.add(4);
    await Promise.all([at.ledger.covers(4), other.covers(4)]);
    const before = [at.ledger.published().note, other.published().note];
    await store({ size, root: sha256(Buffer.from("another tree")) });
    await at.add(1);
    await expect(at.ledger.agreement()).resolves.toMatchObject({ ok: false, detail: expect.stringContaining(words) });
    await expect(other.covers(5)).rejects.toMatchObject({ code: "ledger.damaged" });
    await expect(at.ledger.covers(5)).rejects.toMatchObject({ code: "ledger.damaged" });
    await expect(other.agreement()).resolves.toMatchObject({ ok: false });
    expect([at.ledger.published().note, other.published().note]).toEqual(before);
  });
});
