import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openStore } from "../open-store.ts";
import { Samples } from "../testing/samples.ts";

const isRoot = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;
const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
if (!isRoot)
  process.stderr.write("\nSKIPPED: the full disk was not tried, because mounting a small file system needs root.\n\n");
if (!hasStrace)
  process.stderr.write(
    "\nSKIPPED: failing syncs were not tried, because strace is missing or not allowed.\n  apt-get install -y strace\n\n",
  );

const WRITER = fileURLToPath(new URL("../testing/write-until-failure.ts", import.meta.url));

describe.skipIf(!isRoot)("a full disk (root)", () => {
  it("refuses with data.full, keeps what it acknowledged, and goes on when there is space again", async () => {
    const path = mkdtempSync(join(tmpdir(), "countersign-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", path]);
    try {
      writeFileSync(join(path, "ballast"), new Uint8Array(1_500_000));
      const make = new Samples();
      const point = make.id("ep");
      const human = make.human();
      let store = await openStore({ path, clock: Date.now });
      const { done: size, refusal } = await fill(async () => {
        const put = [make.human()];
        await store.commit({ put, entries: [make.entry(point, make.draft({ cause: "x".repeat(50_000) }), put)] });
      });
      expect(refusal).toMatchObject({ code: "data.full" });
      // Nothing is half applied: neither the record nor the entry of the refused commits is there.
      expect(store.journal.size()).toBe(size);
      expect(await store.find("human")).toHaveLength(size);
      await expect(store.commit({ blobs: [{ name: "big", bytes: new Uint8Array(3_000_000) }] })).rejects.toMatchObject({
        code: "data.full",
      });
      rmSync(join(path, "ballast"));
      expect(await store.commit({ put: [human], entries: [make.entry(point, make.draft(), [human])] })).toMatchObject({
        ok: true,
        indexes: [size],
      });
      expect(await store.audit()).toEqual([]);
      await store.close();
      store = await openStore({ path, clock: Date.now });
      expect([store.journal.size(), await store.audit()]).toEqual([size + 1, []]);
      expect((await store.find("human")).at(-1)?.id).toBe(human.id);
      await store.close();
    } finally {
      execFileSync("umount", ["-l", path]);
      rmSync(path, { recursive: true, force: true });
    }
  });
});

/** Commits until one is refused; returns how many were acknowledged, and the refusal. */
async function fill(commit: () => Promise<void>): Promise<{ readonly done: number; readonly refusal: unknown }> {
  for (let done = 0; ; done += 1) {
    try {
      await commit();
    } catch (refusal) {
      return { done, refusal };
    }
  }
}

describe.skipIf(!hasStrace)("a failing sync (strace)", () => {
  it("ends all writing: the first failure is never retried", async () => {
    const path = mkdtempSync(join(tmpdir(), "countersign-sync-"));
    const inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=60"];
    const args = ["-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, WRITER, join(path, "data")];
    const child = spawn("strace", args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(child, "close");
    const said = output.trim().split("\n");
    const acknowledged = Number(said.findLast((line) => line.startsWith("acknowledged "))?.split(" ")[1]);
    expect(said.slice(-2)).toEqual(["failed ledger.unavailable", "again ledger.unavailable"]);
    const store = await openStore({ path: join(path, "data"), clock: Date.now });
    expect(store.journal.size()).toBeGreaterThanOrEqual(acknowledged);
    expect(await store.audit()).toEqual([]);
    await store.close();
    rmSync(path, { recursive: true, force: true });
  });
});
