import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  logSigner,
  type MemoryLog,
  memoryLog,
  nodeSha256,
  nodeVerify,
  ORIGIN,
  sampleEntry,
  sampleLog,
  seededSigner,
  witnessSigner,
} from "./testing/sample-log.ts";
import { encodeBundle } from "./bundle.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { cosign } from "./cosignature.ts";
import { sha256 } from "./sha256.ts";
import { type VerifiedLog, verifyLog, type VerifyLogOptions } from "./verify-log.ts";
import { printVkey } from "./vkey.ts";

const VKEY = printVkey(logSigner.key);
const SIZE = 600;
const base = { sha256: nodeSha256, verify: nodeVerify };

async function verified(log: MemoryLog, more: Partial<VerifyLogOptions> = {}): Promise<VerifiedLog> {
  return verifyLog(log.read, VKEY, { ...base, ...more });
}
const sound = sampleLog(SIZE);
/** A published log of SIZE entries in which one file was replaced or removed. */
function damagedLog(path: string, change: (bytes: Buffer) => Uint8Array | null): MemoryLog {
  const files = new Map(sound.files);
  const log: MemoryLog = { ...sound, files, read: (name) => files.get(name) ?? null };
  const bytes = change(Buffer.from(log.files.get(path) ?? []));
  if (bytes === null) log.files.delete(path);
  else log.files.set(path, bytes);
  return log;
}
const flip =
  (at: number, mask = 1) =>
  (bytes: Buffer): Buffer => {
    bytes[at] = (bytes[at] ?? 0) ^ mask;
    return bytes;
  };

describe("a sound log", () => {
  it.each([0, 1, 255, 256, 257, 600])("of %d entries is accepted", async (size) => {
    const even = size - (size % 2);
    const answer = await verified(sampleLog(size));
    expect(answer).toMatchObject({ ok: true, checkpoint: { origin: ORIGIN, size }, continues: null, cosignatures: [] });
    expect(answer.ok && answer.remarks.listed.map(({ code, index }) => [code, index])).toEqual(
      size === even ? [] : [["intent.no_outcome", even]],
    );
  });

  it("with levels above the second is accepted, with the SHA-256 of this package too", async () => {
    const log = memoryLog();
    for (let i = 0; i < 65_537; i += 1) log.add(Buffer.from(String(i % 7)));
    log.publish();
    expect(log.files.has("tile/2/000.p/1")).toBe(true);
    expect(await verified(log, { sha256 })).toMatchObject({ ok: true, remarks: { total: 65_537 } });
  });

  it("is accepted from a source that answers later, and when only full tiles are left", async () => {
    const log = sampleLog(300);
    const checkpoint = log.files.get("checkpoint") ?? new Uint8Array(0);
    for (let i = 300; i < 512; i += 1) log.add(sampleEntry(i));
    log.publish();
    log.files.set("checkpoint", checkpoint);
    for (const path of ["tile/0/001.p/44", "tile/entries/001.p/44"]) expect(log.files.delete(path)).toBe(true);
    const later = async (path: string): Promise<Uint8Array | null> => Promise.resolve(log.files.get(path) ?? null);
    expect(await verifyLog(later, VKEY, base)).toMatchObject({ ok: true, checkpoint: { size: 300 } });
  });

  it("names who cosigned", async () => {
    const log = sampleLog(10);
    const note = Buffer.from(log.files.get("checkpoint") ?? []).toString();
    log.files.set("checkpoint", Buffer.from(note + cosign(note.slice(0, note.indexOf("\n\n") + 1), witnessSigner, 9)));
    const cosigners = [witnessSigner.key];
    expect(await verified(log, { cosigners })).toMatchObject({
      ok: true,
      cosignatures: [{ key: { name: "witness.example/w1" }, timeSeconds: 9 }],
    });
  });

  it("reports what its entries say wrong without refusing it", async () => {
    const log = sampleLog(4, (i) => (i === 2 ? Buffer.from("not json") : sampleEntry(i)));
    const answer = await verified(log);
    expect(answer.ok && answer.remarks.listed.map(({ code, index }) => `${code} ${String(index)}`)).toEqual([
      "entry.not_canonical 2",
      "point.gap 3",
    ]);
  });
});

describe("an altered log", () => {
  const log = sound;
  const paths = [...log.files.keys()];

  it("is refused for any one bit of any file, and the file is named", async () => {
    const place = fc.constantFrom(...paths).chain((path) => {
      const bits = (log.files.get(path)?.length ?? 1) * 8;
      return fc.tuple(fc.constant(path), fc.nat(bits - 1));
    });
    await fc.assert(
      fc.asyncProperty(place, async ([path, bit]) => {
        const answer = await verified(damagedLog(path, flip(bit >> 3, 1 << (bit & 7))));
        expect(answer).toMatchObject({ ok: false, path });
      }),
      { numRuns: 60 },
    );
  });

  it.each(paths)("is refused when `%s` is missing, empty, cut or longer", async (path) => {
    for (const change of [
      (): null => null,
      (): Uint8Array => new Uint8Array(0),
      (bytes: Buffer): Uint8Array => bytes.subarray(0, -1),
      (bytes: Buffer): Uint8Array => Buffer.concat([bytes, Uint8Array.of(0)]),
    ]) {
      expect(await verified(damagedLog(path, change))).toMatchObject({ ok: false, path });
    }
  });

  const at = (path: string, change: (bytes: Buffer) => Uint8Array | null): Promise<VerifiedLog> =>
    verified(damagedLog(path, change));
  it("names the entry that was altered in a bundle", async () => {
    const bundle = Array.from({ length: 256 }, (_, i) => sampleEntry(256 + i));
    bundle[3] = sampleEntry(259, { risk: 99 });
    expect(await at("tile/entries/001", () => encodeBundle(bundle))).toEqual({
      ok: false,
      code: "entry.altered",
      path: "tile/entries/001",
      index: 259,
      detail: "entry 259 in bundle `tile/entries/001` was altered",
    });
  });

  it("names the hash that was altered in a tile, on each level", async () => {
    expect(await at("tile/0/001", flip(3 * 32))).toMatchObject({
      code: "tile.altered",
      path: "tile/0/001",
      index: 259,
    });
    expect(await at("tile/0/002.p/88", flip(87 * 32))).toMatchObject({
      code: "tile.altered",
      path: "tile/0/002.p/88",
      index: 599,
    });
    expect(await at("tile/1/000.p/2", flip(32))).toMatchObject({
      code: "tile.altered",
      detail: "hash 1 of tile `tile/1/000.p/2` is not that of the tile below it",
    });
  });

  it("says so when neither the entry nor its tile reaches the root", async () => {
    const both = damagedLog("tile/entries/001", flip(100));
    both.files.set("tile/0/001", flip(200)(Buffer.from(both.files.get("tile/0/001") ?? [])));
    expect(await verified(both)).toMatchObject({ code: "entry.disputed", path: "tile/entries/001", index: 256 });
    both.files.delete("tile/0/002.p/88");
    expect(await verified(both)).toMatchObject({ code: "entry.disputed", index: 256 });
  });

  it("names the entry at which a bundle cannot be read, or its count is wrong", async () => {
    const bundle = Array.from({ length: 256 }, (_, i) => sampleEntry(256 + i));
    expect(await at("tile/entries/001", (bytes) => bytes.subarray(0, -1))).toMatchObject({
      code: "bundle.malformed",
      index: 511,
    });
    expect(await at("tile/entries/001", () => encodeBundle(bundle.slice(0, 255)))).toMatchObject({
      code: "bundle.wrong_count",
      index: 511,
    });
    expect(await at("tile/entries/001", (bytes) => Buffer.concat([bytes, bytes]))).toMatchObject({
      code: "bundle.wrong_count",
      index: 512,
    });
    const last = Array.from({ length: 89 }, (_, i) => sampleEntry(512 + i));
    expect(await at("tile/entries/002.p/88", () => encodeBundle(last))).toMatchObject({
      code: "bundle.wrong_count",
      index: 600,
    });
    expect(await at("tile/entries/001", () => null)).toMatchObject({ code: "bundle.missing", index: 256 });
    expect(await at("tile/0/001", () => null)).toMatchObject({ code: "tile.missing" });
    expect(await at("tile/0/001", (bytes) => bytes.subarray(1))).toMatchObject({ code: "tile.wrong_length" });
  });

  it("is refused when everything but the signed checkpoint was rewritten", async () => {
    const rewritten = sampleLog(SIZE, (i) => sampleEntry(i, i === 5 ? { risk: 99 } : {}));
    rewritten.files.set("checkpoint", log.files.get("checkpoint") ?? new Uint8Array(0));
    expect(await verified(rewritten)).toMatchObject({ ok: false, code: "root.mismatch", path: "checkpoint" });
  });
});

describe("an older checkpoint", () => {
  const noteAt = (size: number): Uint8Array => sampleLog(size).files.get("checkpoint") ?? new Uint8Array(0);

  it.each([0, 1, 255, 256, 300, 599, 600])("of %d entries is continued", async (size) => {
    expect(await verified(sampleLog(SIZE), { oldCheckpoint: noteAt(size) })).toMatchObject({
      ok: true,
      continues: size,
    });
  });

  it("shows that the log was rewritten by its own key", async () => {
    const rewritten = sampleLog(SIZE, (i) => sampleEntry(i, i === 5 ? { risk: 99 } : {}));
    expect(await verified(rewritten)).toMatchObject({ ok: true });
    for (const size of [6, 300, 600]) {
      expect(await verified(rewritten, { oldCheckpoint: noteAt(size) })).toMatchObject({
        ok: false,
        code: "old_checkpoint.inconsistent",
      });
    }
    expect(await verified(rewritten, { oldCheckpoint: noteAt(5) })).toMatchObject({ ok: true, continues: 5 });
    const forged = signCheckpoint({ origin: ORIGIN, size: 0, root: new Uint8Array(32) }, logSigner);
    expect(await verified(rewritten, { oldCheckpoint: forged })).toMatchObject({
      ok: false,
      code: "old_checkpoint.inconsistent",
    });
  });

  it("shows that the log was cut", async () => {
    expect(await verified(sampleLog(SIZE), { oldCheckpoint: noteAt(601) })).toMatchObject({
      ok: false,
      code: "old_checkpoint.newer",
    });
  });

  it("is refused when it is not of this log", async () => {
    const stranger = signCheckpoint(
      { origin: ORIGIN, size: 1, root: new Uint8Array(32) },
      seededSigner(ORIGIN, "ed25519", "a forger"),
    );
    expect(await verified(sampleLog(SIZE), { oldCheckpoint: stranger })).toMatchObject({
      ok: false,
      code: "old_checkpoint.refused",
      detail: "the older checkpoint is refused: `note.unsigned`",
    });
  });
});

describe("bad input", () => {
  it("is refused with a code and never throws", async () => {
    const log = sampleLog(3);
    expect(await verifyLog(log.read, "garbage", base)).toMatchObject({ ok: false, code: "vkey.malformed" });
    expect(await verifyLog(log.read, printVkey(witnessSigner.key), base)).toMatchObject({
      ok: false,
      code: "note.unsigned",
    });
    expect(await verifyLog(log.read, printVkey(seededSigner("x", "ed25519", "x").key), base)).toMatchObject({
      ok: false,
      code: "note.unsigned",
    });
    expect(await verifyLog(() => null, VKEY, base)).toMatchObject({
      ok: false,
      code: "checkpoint.missing",
      path: "checkpoint",
    });
    expect(await verifyLog(() => new Uint8Array(1_048_577), VKEY, base)).toMatchObject({
      ok: false,
      code: "source.too_large",
    });
  });

  it("from a source that fails is refused, naming the file", async () => {
    const log = sampleLog(3);
    const failing = (path: string): Uint8Array | null => {
      if (path.startsWith("tile/0")) throw new Error("EIO");
      return log.read(path, 0);
    };
    expect(await verifyLog(failing, VKEY, base)).toMatchObject({
      ok: false,
      code: "source.failed",
      path: "tile/0/000.p/3",
    });
  });

  it("in a signed checkpoint of absurd size ends at the first missing bundle", async () => {
    const log = sampleLog(600);
    log.files.set(
      "checkpoint",
      Buffer.from(signCheckpoint({ origin: ORIGIN, size: 2 ** 53 - 1, root: new Uint8Array(32) }, logSigner)),
    );
    expect(await verified(log)).toMatchObject({
      ok: false,
      code: "bundle.missing",
      path: "tile/entries/002",
      index: 512,
    });
  });

  it("of random files is refused", async () => {
    const files = fc.dictionary(
      fc.constantFrom("checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"),
      fc.uint8Array({ maxLength: 120 }),
    );
    await fc.assert(
      fc.asyncProperty(files, async (some) => {
        const log = sampleLog(3);
        for (const [path, bytes] of Object.entries(some)) log.files.set(path, bytes);
        const answer = await verified(log);
        expect(answer.ok).toBe(Object.keys(some).length === 0);
      }),
    );
  });
});
