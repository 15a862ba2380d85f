import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openMachine } from "./machine.ts";

const root = mkdtempSync(join(tmpdir(), "countersign-root-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const options = { platform: "linux", release: "6", uid: 1000, home: "/nowhere" };
const machine = openMachine({ ...options, root });

describe("openMachine", () => {
  it("reads under its root only", async () => {
    writeFileSync(join(root, "a"), "x".repeat(10_000));
    expect((await machine.read("/a"))?.length).toBe(10_000);
    expect(await machine.read("/b")).toBeNull();
    expect(await machine.exists("/a")).toBe(true);
    expect(await machine.exists("/b")).toBe(false);
    expect(await machine.exists("/a/b")).toBeNull();
    expect(await machine.list("/")).toEqual(["a"]);
    expect(await machine.list("/a")).toBeNull();
    expect(await machine.modifiedAt("/a")).toBeTypeOf("number");
    expect(await machine.modifiedAt("/b")).toBeNull();
  });
  it("does not read files without end", async () => {
    writeFileSync(join(root, "large"), Buffer.alloc(300 * 1024));
    expect(await machine.read("/large")).toBeNull();
  });
  it("runs programs without a shell, in an environment of its own", async () => {
    const script =
      "process.stdout.write(JSON.stringify([process.argv[1], process.cwd(), Object.keys(process.env).toSorted()]))";
    const answer = await machine.run(process.execPath, ["-e", script, "$(id) ; *"]);
    expect(JSON.parse(answer ?? "null")).toEqual(["$(id) ; *", "/", ["HOME", "LC_ALL", "PATH"]]);
  });
  it("answers null for a program that fails, is not there or writes without end", async () => {
    expect(await machine.run(process.execPath, ["-e", "process.exit(3)"])).toBeNull();
    expect(await machine.run(join(root, "none"), [])).toBeNull();
    expect(await machine.run(process.execPath, ["-e", "process.stdout.write('x'.repeat(2 ** 22))"])).toBeNull();
  });
});
