import { existsSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerEntry } from "@countersign/core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { planEdits, writePlans } from "../packages/cli/src/connect/edit/index.ts";
import { hookSettings } from "../packages/cli/src/hooks/settings/hook-settings.ts";
import { type AgentRun, CODING_AGENTS, type CodingAgent, installAgents, runAgent } from "./support/coding-agents.ts";
import { CommandLine } from "./support/command-line.ts";
import { endResident, runtimeDir } from "./support/hooks.ts";
import { Installation, fileServer } from "./support/installation.ts";
import { Person } from "./support/person.ts";
import { ScriptedModel } from "./support/scripted-model.ts";

/** Real Codex, Gemini CLI and opencode, each with the settings that `connect` writes, with a scripted model behind them. */
describe("the hooks of real coding agents", () => {
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;

  beforeAll(async () => {
    await installAgents();
    here = await Installation.create({ config: { approvals: { waitSeconds: 30 } } });
    alice = new Person(here.composed.api);
    await alice.register(here.composed.setupUrl ?? "", "Alice Example");
    for (const { id } of CODING_AGENTS)
      await here.agent(alice, { name: id, grants: [{ action: `tool:${id}/**`, resource: "**" }] });
  });
  afterAll(async () => await here.close());
  afterEach(async () => await endResident(cli));

  async function run(
    agent: CodingAgent,
    commands: readonly string[],
    launcher = cli.program,
  ): Promise<AgentRun & { readonly results: readonly string[] }> {
    const model = await ScriptedModel.start();
    try {
      model.play(...commands.map((command) => agent.shell(command)));
      await agent.configure(cli.cwd, model.url, { files: fileServer(here.files) });
      const around = { home: cli.cwd, cwd: here.files, platform: process.platform, variables: {} };
      const place = { owner: agent.id, stateDir: join(cli.cwd, "state"), roots: [cli.cwd] };
      const launch = { launcher, agent: agent.id, more: ["--server", here.composed.api] };
      writePlans(
        hookSettings(agent.id, launch, { around, place }).map(({ file, edits }) => planEdits(file, edits, place)),
      );
      const env = { XDG_RUNTIME_DIR: runtimeDir(cli) };
      const ran = await runAgent(
        agent,
        { home: cli.cwd, cwd: here.files, model: model.url, env },
        "tidy up the folder",
      );
      return { ...ran, results: [...model.results] };
    } finally {
      model.close();
    }
  }

  /** Answers the next two questions as they come: no to the first, yes to the second. */
  async function noThenYes(): Promise<void> {
    const answered = new Set<string>();
    for (const decision of ["deny", "approve"] as const) {
      const next = async (): Promise<string> =>
        (await alice.pending()).map(({ id }) => id).find((id) => !answered.has(id)) ?? "";
      await expect.poll(next, { timeout: 100_000, interval: 100 }).toMatch(/^apr_/);
      const id = await next();
      answered.add(id);
      await alice.answer(id, decision);
    }
  }

  it.for(CODING_AGENTS)("$id reads, is kept from deleting, and deletes what a human signs", async (agent) => {
    cli = new CommandLine(await mkdtemp(join(here.folder, "home-")), { COUNTERSIGN_SERVER: here.composed.api });
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
    const [kept, gone] = [`${agent.id}-kept.txt`, `${agent.id}-gone.txt`];
    for (const name of [kept, gone]) await writeFile(join(here.files, name), "precious");
    const [ran] = await Promise.all([run(agent, [`cat ${kept}`, `rm -rf ${kept}`, `rm ${gone}`]), noThenYes()]);
    expect(ran).toMatchObject({
      results: [
        expect.stringContaining("precious"),
        expect.stringMatching(/DENIED countersignature.void: denied by Alice Example/),
        expect.anything(),
      ],
    });
    expect({ kept: existsSync(join(here.files, kept)), gone: existsSync(join(here.files, gone)) }).toEqual({
      kept: true,
      gone: false,
    });
    await expect
      .poll(async () => await usesOf(agent))
      .toEqual([
        "action.intent read permit",
        "action.outcome read ok",
        "decision destructive hold",
        "decision destructive deny",
        "decision destructive hold",
        "action.intent destructive permit",
        "action.outcome destructive ok",
      ]);
    const { tasks } = await cli.json<{ tasks: { purpose: string }[] }>("task", "list");
    expect(tasks.map(({ purpose }) => purpose).join("\n")).toContain("tidy up the folder");
  });

  it.for(CODING_AGENTS.filter(({ id }) => id !== "opencode"))(
    "$id does nothing when its hook is gone",
    async (agent) => {
      cli = new CommandLine(await mkdtemp(join(here.folder, "home-")));
      const file = join(here.files, `${agent.id}-safe.txt`);
      await writeFile(file, "precious");
      const { results } = await run(agent, [`rm ${agent.id}-safe.txt`], join(cli.cwd, "gone", "countersign"));
      // Gemini CLI does not even take the prompt.
      expect(results.join("")).toMatch(/^$|the Countersign hook does not run/);
      expect(existsSync(file)).toBe(true);
    },
  );

  async function usesOf({ id }: CodingAgent): Promise<readonly string[]> {
    const listed = await alice.json<{ entries: { body: LedgerEntry }[] }>("/v1/ledger/entries?limit=1000");
    const uses = listed.entries.map(({ body }) => body).filter(({ action }) => action === `tool:${id}/shell`);
    return uses.map(({ kind, effect, decision, outcome }) =>
      [kind, effect, outcome?.status ?? decision?.result].join(" "),
    );
  }
});
