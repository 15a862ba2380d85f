import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clientProcess, isAlive } from "./client-process.ts";

describe("clientProcess", () => {
  let proc: string;
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), "countersign-proc-"));
  });
  afterEach(() => rmSync(proc, { recursive: true, force: true }));

  function runs(pid: number, name: string, parent: number): void {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), "stat"), `${String(pid)} (${name}) S ${String(parent)} 1 1 0`);
  }

  it("is the first above that is not just a shell", () => {
    runs(10, "codex", 1);
    runs(11, "bash", 10);
    runs(12, "sh", 11);
    expect(clientProcess(12, proc)).toBe(10);
    expect(clientProcess(10, proc)).toBe(10);
  });

  it("reads names with parentheses and spaces", () => {
    runs(20, "a) S 1 (b", 1);
    expect(clientProcess(20, proc)).toBe(20);
  });

  it("is not known where the chain ends, goes on for ever, or cannot be read", () => {
    runs(30, "sh", 1);
    runs(40, "sh", 40);
    for (const pid of [30, 40, 99, 0, -1, 1.5]) expect(clientProcess(pid, proc)).toBeNull();
  });

  it("tells the living from the dead", () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(2 ** 22 + 1)).toBe(false);
  });
});
