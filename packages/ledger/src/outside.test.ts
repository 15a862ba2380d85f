import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { logSigner, memoryLog, type MemoryLog, sampleEntry } from "./testing/sample-log.ts";
import { printVkey } from "./vkey.ts";

const INSTALL = "apt-get install -y golang-go golang-golang-x-mod-dev";
const GOPATH = "/usr/share/gocode";
const environment = { ...process.env, GO111MODULE: "off", GOPATH, GOFLAGS: "" };
const available =
  existsSync(join(GOPATH, "src/golang.org/x/mod/sumdb/tlog")) && spawnSync("go", ["version"]).status === 0;
if (!available) {
  process.stderr.write(
    `\nSKIPPED: the outside verifier did not check the ledger, because Go is missing here.\n  ${INSTALL}\n\n`,
  );
}

const PROGRAM = fileURLToPath(new URL("../../../tools/verify-go/main.go", import.meta.url));
const SIZE = 5000;
const work = mkdtempSync(join(tmpdir(), "countersign-outside-"));
const program = join(work, "verify-go");
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

function writeFiles(name: string, files: ReadonlyMap<string, Uint8Array>): string {
  const dir = join(work, name);
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return dir;
}

function goSays(...args: readonly string[]): { status: number | null; output: string } {
  const run = spawnSync(program, args, { encoding: "utf8", env: environment });
  return { status: run.status, output: run.stdout + run.stderr };
}

describe.skipIf(!available)(`golang.org/x/mod reads our log (${INSTALL})`, () => {
  const vkey = printVkey(logSigner.key);
  let log: MemoryLog;
  let oldFile: string;

  beforeAll(() => {
    const built = spawnSync("go", ["build", "-o", program, PROGRAM], { encoding: "utf8", env: environment });
    if (built.status !== 0) throw new Error(built.stderr);
    log = memoryLog();
    for (let i = 0; i < 1234; i += 1) log.add(sampleEntry(i));
    oldFile = join(work, "old-checkpoint");
    writeFileSync(oldFile, log.publish());
    for (let i = 1234; i < SIZE; i += 1) log.add(sampleEntry(i));
    log.publish();
  }, 300_000);

  it("accepts it, with a checkpoint from before", () => {
    const { status, output } = goSays(writeFiles("sound", log.files), vkey, oldFile);
    expect(output).toContain(`${String(SIZE)} entries hashed again: equal to the tiles and to the signed root`);
    expect(output).toContain("continues the old checkpoint of 1234 entries");
    expect(status).toBe(0);
  });

  it.each([0, 1, 256, 257])("accepts a log of %d entries", (size) => {
    const small = memoryLog();
    for (let i = 0; i < size; i += 1) small.add(sampleEntry(i));
    small.publish();
    const dir = writeFiles(`size-${String(size)}`, small.files);
    const { status, output } = goSays(dir, vkey, join(dir, "checkpoint"));
    expect(output).toContain(`continues the old checkpoint of ${String(size)} entries`);
    expect(status).toBe(0);
  });

  it("accepts it when only the full tile is left of an earlier size", () => {
    const early = memoryLog();
    for (let i = 0; i < 300; i += 1) early.add(sampleEntry(i));
    const checkpoint = Buffer.from(early.publish());
    const files = new Map([
      ...log.files,
      ["tile/1/000.p/1", early.files.get("tile/1/000.p/1") ?? checkpoint],
      ["checkpoint", checkpoint],
    ]);
    for (const path of ["tile/0/001.p/44", "tile/entries/001.p/44"]) expect(files.has(path)).toBe(false);
    expect(goSays(writeFiles("full-tiles", files), vkey)).toMatchObject({ status: 0 });
  });

  it.each([
    ["checkpoint", 30],
    ["tile/entries/007", 4321],
    ["tile/entries/019.p/136", 77],
    ["tile/0/007", 32 * 9 + 1],
    ["tile/0/019.p/136", 5],
    ["tile/1/000.p/19", 32 * 18],
  ])("refuses it after one changed byte in `%s`", (path, at) => {
    const bytes = Buffer.from(log.files.get(path) ?? []);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { status, output } = goSays(
      writeFiles(`changed-${path.replaceAll("/", "-")}`, new Map(log.files).set(path, bytes)),
      vkey,
      oldFile,
    );
    expect(output).toMatch(/^REFUSED: /m);
    expect(status).toBe(1);
  });

  it("names the entry that was altered", () => {
    const bytes = Buffer.from(log.files.get("tile/entries/000") ?? []);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    const { output } = goSays(writeFiles("named", new Map(log.files).set("tile/entries/000", bytes)), vkey);
    expect(output).toContain("REFUSED: entry 0 is not the one that its tile holds");
  });

  it("refuses a log that its own key rewrote, by the checkpoint from before", () => {
    const rewritten = memoryLog();
    for (let i = 0; i < SIZE; i += 1) rewritten.add(sampleEntry(i, i === 9 ? { risk: 99 } : {}));
    rewritten.publish();
    const dir = writeFiles("rewritten", rewritten.files);
    expect(goSays(dir, vkey).status).toBe(0);
    const { status, output } = goSays(dir, vkey, oldFile);
    expect(output).toContain("REFUSED: old checkpoint of 1234 entries");
    expect(status).toBe(1);
  });

  it("refuses another key", () => {
    expect(
      goSays(
        writeFiles("other-key", log.files),
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
      ).status,
    ).toBe(1);
  });
});
