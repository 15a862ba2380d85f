import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { OWN_LAUNCHER } from "../start/launcher.ts";
import { governedServers } from "./governed-servers.ts";

describe("governedServers", () => {
  const home = mkdtempSync(join(tmpdir(), "countersign-governed-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const cwd = join(home, "p");
  const env = { home, cwd, platform: "linux" as const, variables: {}, defaultDataDir: join(home, "data") };
  const args = ["mcp", "files", "--agent", "a"];

  it("leaves to the gateway only what the client starts through this very program", () => {
    mkdirSync(join(home, ".cursor"));
    mkdirSync(join(cwd, ".cursor"), { recursive: true });
    const write = (folder: string, mcpServers: object): void =>
      writeFileSync(join(folder, ".cursor", "mcp.json"), JSON.stringify({ mcpServers }));
    write(home, {
      ours: { command: OWN_LAUNCHER, args },
      person: { command: join(home, ".local", "bin", "countersign"), args },
      twice: { command: OWN_LAUNCHER, args },
    });
    write(cwd, {
      planted: { command: join(cwd, "countersign"), args },
      relative: { command: "./countersign", args },
      named: { command: "countersign", args },
      twice: { command: join(cwd, "countersign"), args },
    });
    expect(governedServers("cursor", env, undefined)).toEqual({ ours: "files", person: "files" });
    for (const program of [OWN_LAUNCHER, `'${OWN_LAUNCHER}'`, `"${OWN_LAUNCHER}"`])
      expect(governedServers("cursor", env, `${program} mcp files --agent a`)).toMatchObject({ ours: "files" });
    for (const program of ["./countersign", join(cwd, "countersign"), `x ${OWN_LAUNCHER}`, ""])
      expect(governedServers("cursor", env, `${program} mcp files --agent a`)).toEqual({});
  });
});
