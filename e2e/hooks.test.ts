import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerEntry } from "@countersign/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { HookClient, endResident } from "./support/hooks.ts";
import { Installation } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import { Person } from "./support/person.ts";

describe("countersign hook", () => {
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;
  let client: HookClient;

  beforeAll(async () => {
    here = await Installation.create();
    alice = new Person(here.composed.api);
    await alice.register(here.composed.setupUrl ?? "", "Alice Example");
    const grants = [
      { action: "tool:claude-code/*", resource: `file:${here.files}/**` },
      { action: "tool:claude-code/fetch", resource: "https://docs.example/**" },
    ];
    await here.agent(alice, { grants });
    await writeFile(join(here.files, "a.txt"), "hello");
  });
  afterAll(async () => await here.close());

  beforeEach(async () => {
    const home = await mkdtemp(join(here.folder, "home-"));
    cli = new CommandLine(home, { COUNTERSIGN_SERVER: here.composed.api });
    client = new HookClient(cli, { cwd: here.files, session: `session-${home}` });
  });
  afterEach(async () => await endResident(cli));

  async function signIn(): Promise<void> {
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
  }

  async function entries(action: string): Promise<readonly LedgerEntry[]> {
    const listed = await alice.json<{ entries: { body: LedgerEntry }[] }>("/v1/ledger/entries?limit=1000");
    return listed.entries.map(({ body }) => body).filter((body) => body.action === action);
  }
  const approvalIn = (refused: string | null): string => /apr_\w+/.exec(refused ?? "")?.[0] ?? "";

  it("lets a read run, and records what it was and what became of it", async () => {
    await signIn();
    await client.tell("UserPromptSubmit", { prompt: "tidy up; my token: ghp_abcdefghijklmnop1234" });
    expect(await client.before("Read", { file_path: join(here.files, "a.txt") }, "toolu_r")).toMatchObject({
      code: 0,
      stdout: "",
      refused: null,
    });
    await client.tell("PostToolUse", {
      tool_name: "Read",
      tool_input: { file_path: join(here.files, "a.txt") },
      tool_response: "hello",
      tool_use_id: "toolu_r",
    });
    const { tasks } = await cli.json<{ tasks: { purpose: string }[] }>("task", "list");
    expect(tasks[0]?.purpose).toBe("tidy up; my [hidden]");
    const statuses = async (): Promise<unknown> =>
      (await entries("tool:claude-code/read")).map(({ kind, outcome }) => `${kind} ${outcome?.status ?? ""}`);
    await expect.poll(statuses).toEqual(["action.intent ", "action.outcome ok"]);
    const [intent] = await entries("tool:claude-code/read");
    expect(intent).toMatchObject({ resource: `file:${join(here.files, "a.txt")}`, effect: "read" });
  });

  it("holds a deletion, and lets the very same command run once after the signature", verifies("INV-5"), async () => {
    await signIn();
    const held = await client.shell("rm -rf old");
    expect(held.refused).toMatch(
      /^HELD apr_\w+ for Alice Example: .*Nothing was done\. Approve: http.*run the very same command again/,
    );
    await alice.answer(approvalIn(held.refused));
    expect((await client.shell("rm -rf old")).refused).toBeNull();
    expect(approvalIn((await client.shell("rm -rf old")).refused)).not.toBe(approvalIn(held.refused));
    expect((await client.shell("rm -rf old ./other")).refused).toMatch(/^HELD/);
  });

  it("denies an edit outside of the grants, and the agent's own settings are never merely written", async () => {
    await signIn();
    const outside = await client.before("Edit", { file_path: "/srv/other/x.txt", old_string: "a", new_string: "b" });
    expect(outside.refused).toContain("DENIED grant.missing");
    const inside = await client.before("Write", { file_path: join(here.files, "new.txt"), content: "x" });
    expect(inside.refused).toBeNull();
    const settings = join(here.files, ".claude/settings.json");
    expect((await client.before("Write", { file_path: settings, content: "{}" })).refused).toMatch(/^HELD/);
    const copied = await client.shell(`cp ${join(here.files, "a.txt")} /srv/other/`);
    expect(copied.refused).toContain("grant.missing");
  });

  it("holds what it does not know, and asks nothing about what only moves within the client", async () => {
    await signIn();
    expect((await client.before("TodoWrite", { todos: [] })).refused).toBeNull();
    expect((await client.before("Frobnicate", { x: 1 })).refused).toMatch(/^HELD/);
    const args = ["mcp", "files", "--agent", "coder"];
    const servers = {
      "my files": { command: cli.program, args },
      planted: { command: join(here.files, "countersign"), args },
      other: { command: "other-server" },
    };
    await writeFile(join(cli.cwd, ".claude.json"), JSON.stringify({ mcpServers: servers }));
    expect((await client.before("mcp__my_files__read_text_file", { path: "x" })).refused).toBeNull();
    expect((await client.before("mcp__my_files__not_a_tool", { path: "x" })).refused).toContain("grant.missing");
    // Another program of our name passes no gateway.
    expect((await client.before("mcp__planted__read_text_file", { path: "x" })).refused).toContain("grant.missing");
    // It has the name of an upstream, but the client reaches it without us.
    expect((await client.before("mcp__files__read_text_file", { path: "x" })).refused).toContain("grant.missing");
    expect((await client.before("mcp__other__do", { x: 1 })).refused).toContain("grant.missing");
    expect((await client.before("WebFetch", { url: "https://docs.example/a", prompt: "p" })).refused).toMatch(/^HELD/);
  });

  it("denies when nobody is signed in, with the link on which a person does", verifies("INV-2"), async () => {
    const refused = (await client.shell("ls")).refused ?? "";
    expect(refused).toContain("DENIED task.no_human");
    expect(refused).toContain(`${here.composed.api}/approve/apr_`);
    await alice.answer(approvalIn(refused));
    expect((await client.shell("ls")).refused).toBeNull();
  });

  it("denies whatever is not an event of the client", async () => {
    const inputs = [
      "",
      "not json",
      "[]",
      '{"hook_event_name":"PreToolUse","session_id":"s","cwd":"/"}',
      '{"hook_event_name":"PreEverything","session_id":"s","cwd":"/"}',
    ];
    const ran = await Promise.all(inputs.map(async (input) => await client.raw(input)));
    for (const { refused } of ran) expect(refused).toMatch(/Nothing was done/);
  });

  it("denies five megabytes, and what is larger than a call may be", async () => {
    await signIn();
    const write = (size: number): object => ({
      tool_name: "Write",
      tool_input: { file_path: "/x", content: "x".repeat(size) },
    });
    expect((await client.tell("PreToolUse", write(5_000_000))).refused).toMatch(/more than can be judged/);
    expect((await client.tell("PreToolUse", write(2_000_000))).refused).toMatch(/input\.too_large/);
  });

  it("denies when no control plane answers", async () => {
    const nowhere = new CommandLine(cli.cwd, { COUNTERSIGN_SERVER: "http://localhost:9" });
    const lost = new HookClient(nowhere, { cwd: here.files, session: "lost" });
    expect((await lost.shell("ls")).refused).toContain("DENIED server.unreachable");
  });

  it("denies in a freeze, and names it", verifies("INV-3"), async () => {
    await signIn();
    expect((await client.shell("ls")).refused).toBeNull();
    const frozen = await cli.json<{ brake: string }>(
      "freeze",
      "--resource",
      `file:${here.files}/a.txt`,
      "--reason",
      "t",
    );
    expect((await client.shell("cat a.txt")).refused).toContain(frozen.brake);
    expect((await client.shell("cat *.txt")).refused).toContain("DENIED brake.frozen");
    expect((await client.shell("cat b.txt")).refused).toBeNull();
  });
});
