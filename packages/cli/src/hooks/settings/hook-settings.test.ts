import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Surroundings } from "../../connect/clients/client.ts";
import { type EditPlace, planEdits, undoEdits, writePlans } from "../../connect/edit/index.ts";
import type { HookLaunch } from "./hook-command.ts";
import { hookSettings } from "./hook-settings.ts";

const LAUNCH: HookLaunch = { launcher: "/opt/it's here/countersign", agent: "coder" };
const COMMAND = String.raw`'/opt/it'\''s here/countersign' hook`;

describe("hookSettings", () => {
  let home: string;
  let around: Surroundings;
  let place: EditPlace;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "countersign-hooks-"));
    around = { home, cwd: home, platform: "linux", variables: {} };
    place = { owner: "codex", stateDir: join(home, "state"), roots: [home] };
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  type Client = Parameters<typeof hookSettings>[0];
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const read = (path: string): string => readFileSync(join(home, path), "utf8");
  const json = (path: string): unknown => JSON.parse(read(path));
  function write(client: Client, launch: HookLaunch = LAUNCH): number {
    const plans = hookSettings(client, launch, { around, place }).map(({ file, edits }) =>
      planEdits(file, edits, place),
    );
    writePlans(plans);
    return plans.filter(({ changed }) => changed).length;
  }

  it("asks Claude Code to block when the hook fails", () => {
    put(
      ".claude/settings.json",
      '{\n  // mine\n  "hooks": {"PreToolUse": [{"hooks": [{"type":"command","command":"lint"}]}]}\n}\n',
    );
    write("claude-code");
    const text = read(".claude/settings.json");
    expect(text).toContain("// mine");
    const { hooks } = JSON.parse(text.replace("// mine", "")) as { hooks: Record<string, unknown[]> };
    expect(hooks["PreToolUse"]).toEqual([
      { hooks: [{ type: "command", command: "lint" }] },
      {
        hooks: [
          {
            type: "command",
            command: expect.stringMatching(/^.* claude-code --agent coder \|\| \{.*exit 2; \}$/),
            timeout: 60,
            onFailure: "block",
          },
        ],
      },
    ]);
    expect(Object.keys(hooks)).toEqual([
      "PreToolUse",
      "PostToolUse",
      "PostToolUseFailure",
      "UserPromptSubmit",
      "SessionEnd",
    ]);
  });

  it("closes the hooks of Cursor, and gives Gemini its milliseconds", () => {
    write("cursor");
    expect(json(".cursor/hooks.json")).toMatchObject({
      version: 1,
      hooks: {
        preToolUse: [{ command: `${COMMAND} cursor --agent coder`, timeout: 60, failClosed: true }],
        beforeMCPExecution: [{ failClosed: true }],
      },
    });
    write("gemini");
    expect(json(".gemini/settings.json")).toMatchObject({
      hooks: { BeforeTool: [{ hooks: [{ name: "countersign", timeout: 60_000 }] }] },
    });
  });

  it("writes the trust of Codex beside the hooks, as Codex itself reckons it", () => {
    put(".codex/config.toml", 'model = "x" # mine\n');
    put(".codex/hooks.json", '{"hooks":{"PostToolUse":[{"hooks":[{"type":"command","command":"mine"}]}]}}');
    write("codex", { launcher: "/x/countersign", agent: "codex" });
    const config = read(".codex/config.toml");
    const file = join(home, ".codex/hooks.json");
    expect(config).toContain("# mine");
    // What `codex app-server` 0.169.0 answers to `hooks/list` for these very hooks.
    expect(config).toContain("sha256:91d985f4cea16e46da569549ec3ce3204bc1d4f0ad1b372b52d39b9784627770");
    expect(config).toContain("sha256:848b14c38383c846a96dec71cf4118efd810928960df53a2b5deb02abfd974fe");
    expect(config).toContain(`${file}:pre_tool_use:0:0`);
    expect(config).toContain(`${file}:post_tool_use:1:0`);
    expect(config).toContain(`${file}:user_prompt_submit:0:0`);
  });

  it("names the plugin of opencode with the command that answers, in the file that is there", () => {
    put(".config/opencode/opencode.jsonc", '{ "plugin": ["theirs"], /* c */ }');
    write("opencode");
    const text = read(".config/opencode/opencode.jsonc");
    expect(text).toContain("/* c */");
    expect(text).toContain("opencode-plugin.mjs");
    expect(text).toMatch(/"args":\s*\[\s*"hook",\s*"opencode",\s*"--agent",\s*"coder"\s*\]/);
  });

  it("leaves clients without hooks alone", () => {
    expect(hookSettings("zed", LAUNCH, { around, place })).toEqual([]);
  });

  describe.for<[Client, string[]]>([
    ["claude-code", [".claude/settings.json"]],
    ["codex", [".codex/hooks.json", ".codex/config.toml"]],
    ["gemini", [".gemini/settings.json"]],
    ["cursor", [".cursor/hooks.json"]],
    ["opencode", [".config/opencode/opencode.json"]],
  ])("%s", ([client, files]) => {
    it("has nothing left to do the second time", () => {
      expect(write(client)).toBe(files.length);
      expect(write(client)).toBe(0);
    });

    it("brings an entry of ours up to date instead of adding one", () => {
      write(client, { ...LAUNCH, agent: "older" });
      write(client);
      const text = files.map(read).join("");
      expect(text).not.toContain("older");
      expect(text.match(/it's here|it'\\\\''s here/g)?.length).toBe(
        client === "opencode" ? 1 : entriesOf(files[0] ?? ""),
      );
    });

    it("is taken back without a trace", () => {
      write(client);
      expect(undoEdits(place).map(({ how }) => how)).toEqual(files.map(() => "restored"));
      for (const file of files) expect(() => read(file)).toThrow("ENOENT");
    });
  });

  const entriesOf = (file: string): number =>
    Object.keys((json(file) as { hooks: Record<string, unknown> }).hooks).length;
});
