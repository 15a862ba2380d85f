import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRuntime } from "./runtime.ts";

let proc = "";
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "countersign-proc-"));
});
afterEach(() => rmSync(proc, { recursive: true, force: true }));

const stat = (name: string, start: string): string => `7 (${name}) S ${"0 ".repeat(18)}${start} 0 0\n`;
/** A recorded process 7 that runs `client`. */
const record = (files: Readonly<Record<string, string>> = {}): void => {
  mkdirSync(join(proc, "7"));
  writeFileSync(join(proc, "client"), "program");
  symlinkSync(join(proc, "client"), join(proc, "7", "exe"));
  const all = { stat: stat("client", "99"), status: "Name:\tclient\nUid:\t1000\t1001\t1000\t1000\n", ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(proc, "7", name), text);
};

describe("readRuntime", () => {
  it.runIf(process.platform === "linux")("tells of a real process", async () => {
    const executable = realpathSync(process.execPath);
    expect(await readRuntime(process.pid)).toEqual({
      executable,
      sha256: createHash("sha256").update(readFileSync(executable)).digest("base64url"),
      pid: process.pid,
      uid: process.getuid?.(),
    });
  });
  it("takes the real user, and any name of a process", async () => {
    record({ stat: stat("a) b (c", "99") });
    expect(await readRuntime(7, proc)).toEqual({
      executable: join(proc, "client"),
      sha256: createHash("sha256").update("program").digest("base64url"),
      pid: 7,
      uid: 1000,
    });
  });
  it("is null for a process that does not exist", async () => {
    expect(await readRuntime(7, proc)).toBeNull();
  });
  it.each([
    ["without a user", { status: "Name:\tclient\n" }],
    ["without a start time", { stat: "7 (client) S" }],
  ])("is null for a process %s", async (_name, files) => {
    record(files);
    expect(await readRuntime(7, proc)).toBeNull();
  });
  it("is null when the executable cannot be read", async () => {
    record();
    rmSync(join(proc, "client"));
    expect(await readRuntime(7, proc)).toBeNull();
  });
});
