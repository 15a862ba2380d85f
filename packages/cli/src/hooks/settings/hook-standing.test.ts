import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { planEdits, writePlans } from "../../connect/edit/index.ts";
import { hookSettings } from "./hook-settings.ts";
import { hookStandings } from "./hook-standing.ts";

const FILES = {
  "claude-code": ".claude/settings.json",
  codex: ".codex/hooks.json",
  gemini: ".gemini/settings.json",
  cursor: ".cursor/hooks.json",
  opencode: ".config/opencode/opencode.json",
} as const;
type Client = keyof typeof FILES;

describe("hookStandings", () => {
  let home: string;
  let launcher: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "countersign-standing-"));
    launcher = join(home, "countersign");
    writeFileSync(launcher, "#!/bin/sh\n");
    chmodSync(launcher, 0o755);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const around = () => ({
    home,
    cwd: home,
    platform: "linux" as const,
    variables: {},
    defaultDataDir: join(home, "state"),
  });
  function connect(client: Client): void {
    const place = { owner: client, stateDir: join(home, "state"), roots: [home] };
    const settings = hookSettings(client, { launcher, agent: "a" }, { around: around(), place });
    writePlans(settings.map(({ file, edits }) => planEdits(file, edits, place)));
  }
  const change = (file: string, from: string | RegExp, to: string): void => {
    const path = join(home, file);
    const text = readFileSync(path, "utf8");
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
  };
  const details = (): string[] =>
    hookStandings(around()).map(({ name, ok, detail }) => `${name} ${ok ? "ok" : "!!"} ${detail}`);

  it("says nothing where nothing is connected", () => {
    expect(hookStandings(around())).toEqual([]);
  });

  it("says of each client whether it fails closed", () => {
    for (const client of Object.keys(FILES) as Client[]) connect(client);
    expect(details()).toEqual([
      "hooks of Claude Code ok in place; fails open before Claude Code 2.1.295, when the hook takes too long",
      "hooks of Cursor ok fail-closed",
      "hooks of Codex CLI ok in place; fails open when the hook takes too long, or is not trusted any more",
      "hooks of Gemini CLI ok in place; fails open when the hook takes too long",
      "hooks of opencode ok in place; fails open when opencode cannot load the plugin",
    ]);
  });

  it.for<[Client, string | RegExp, string]>([
    ["claude-code", '"onFailure": "block"', '"onFailure": "allow"'],
    ["claude-code", '"PreToolUse"', '"PreToolUsed"'],
    ["codex", '"timeout": 60', '"timeout": 1'],
    ["gemini", '"BeforeTool"', '"BeforeTools"'],
    ["cursor", '"failClosed": true', '"failClosed": false'],
    ["opencode", "/hooks/opencode-plugin.mjs", "/elsewhere/hooks/opencode-plugin.mjs"],
  ])("sees that the hooks of %s were changed: %s", ([client, from, to]) => {
    connect(client);
    change(FILES[client], from, to);
    expect(details()).toEqual([expect.stringContaining("!! were changed since")]);
  });

  it("sees that Codex would skip the hook without a word", () => {
    connect("codex");
    change(".codex/config.toml", /trusted_hash = "sha256:..../, 'trusted_hash = "sha256:0000');
    expect(details()).toEqual([expect.stringContaining("trusted_hash")]);
  });

  it.for<[Client, string, string]>([
    ["claude-code", '{"disableAllHooks": true,', "disableAllHooks"],
    ["gemini", '{"hooksConfig": {"enabled": false},', "hooksConfig.enabled"],
    ["gemini", '{"hooksConfig": {"disabled": ["countersign"]},', "hooksConfig.disabled"],
  ])("sees that %s runs no hooks", ([client, start, named]) => {
    connect(client);
    change(FILES[client], "{", start);
    expect(details()).toEqual([expect.stringContaining(`!! are switched off by \`${named}\``)]);
  });

  it("sees that Codex runs no hooks", () => {
    connect("codex");
    change(".codex/config.toml", /^/, "[features]\nhooks = false\n");
    expect(details()).toEqual([expect.stringContaining("!! are switched off by `features.hooks`")]);
  });

  it("sees that the launcher is gone, that the hooks are, and that a file cannot be read", () => {
    connect("cursor");
    rmSync(launcher);
    expect(details()).toEqual([expect.stringContaining("which is not there")]);
    const servers = { files: { command: "/x/countersign", args: ["mcp", "files", "--agent", "a"] } };
    writeFileSync(join(home, ".cursor/mcp.json"), JSON.stringify({ mcpServers: servers }));
    rmSync(join(home, ".cursor/hooks.json"));
    expect(details()).toEqual([expect.stringContaining("!! not there")]);
    mkdirSync(join(home, ".gemini"));
    writeFileSync(join(home, ".gemini/settings.json"), "{");
    expect(details()[1]).toContain("is not valid JSON");
  });
});
