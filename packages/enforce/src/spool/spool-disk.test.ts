import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newId } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { openSpool } from "./open-spool.ts";
import { SpooledActions, random } from "./testing/spooled-actions.ts";

const isRoot = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;
const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
if (!isRoot)
  process.stderr.write("\nSKIPPED: the full disk was not tried, because mounting a small file system needs root.\n\n");
if (!hasStrace)
  process.stderr.write(
    "\nSKIPPED: failing writes and syncs were not tried, because strace is missing or not allowed.\n  apt-get install -y strace\n\n",
  );

const WRITER = fileURLToPath(new URL("./testing/append-until-failure.ts", import.meta.url));
const point = newId("ep", Date.now(), random);
const open = async (directory: string): ReturnType<typeof openSpool> =>
  await openSpool({ directory, point, random, clock: Date.now });
const unavailable = { code: "ledger.unavailable" };

describe.skipIf(!isRoot)("a full disk (root)", () => {
  it("ends all acknowledgements of this process; the next one has all that was acknowledged, and goes on when there is space", async () => {
    const directory = mkdtempSync(join(tmpdir(), "countersign-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "none", directory]);
    try {
      writeFileSync(join(directory, "ballast"), new Uint8Array(1_000_000));
      const act = new SpooledActions();
      const spool = await open(directory);
      let done = 0;
      const filled = async (): Promise<void> => {
        for (;;) {
          await spool.append(act.read({ text: "x".repeat(20_000) }));
          done += 1;
        }
      };
      await expect(filled()).rejects.toMatchObject(unavailable);
      rmSync(join(directory, "ballast"));
      await expect(spool.append(act.read())).rejects.toMatchObject(unavailable);
      await spool.close();
      const next = await open(directory);
      expect(next.length).toBe(done);
      await next.append(act.read());
      await next.close();
      const last = await open(directory);
      expect(last.length).toBe(done + 1);
      await last.close();
    } finally {
      execFileSync("umount", ["-l", directory]);
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasStrace)("a failing disk (strace)", () => {
  it.each([
    ["a sync that fails", "fdatasync", "error=EIO:when=15"],
    ["a write that finds no space", "pwrite64", "error=ENOSPC:when=40"],
    ["a write that fails", "pwrite64", "error=EIO:when=41"],
  ])("ends all acknowledgements: %s is never tried again", async (_, call, how) => {
    const directory = mkdtempSync(join(tmpdir(), "countersign-sync-"));
    // `when` counts the calls of one thread: the pool has four.
    const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:${how}`];
    const args = ["-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, WRITER, directory, point];
    const child = spawn("strace", args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(child, "close");
    const said = output.trim().split("\n");
    const acknowledged = Number(said.findLast((line) => line.startsWith("acknowledged "))?.split(" ")[1]);
    expect(acknowledged).toBeGreaterThan(5);
    expect(said.slice(-2)).toEqual(["failed ledger.unavailable", "again ledger.unavailable"]);
    const spool = await open(directory);
    expect(spool.length).toBeGreaterThanOrEqual(acknowledged);
    expect(spool.length).toBeLessThanOrEqual(acknowledged + 1);
    await spool.close();
    rmSync(directory, { recursive: true, force: true });
  });
});
