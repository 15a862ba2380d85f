import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, type TestBrowser } from "./browser.ts";
import { type AgentRun, type CodingAgent, CODING_AGENTS, installAgents, runAgent } from "./support/coding-agents.ts";
import { CommandLine } from "./support/command-line.ts";
import { endResident, runtimeDir } from "./support/hooks.ts";
import { Installation, fileServer } from "./support/installation.ts";
import { ScriptedModel, type Step } from "./support/scripted-model.ts";

/** Real coding agents as people install them, each connected by one signature: only the model's weights are missing. */
describe("a coding agent", () => {
  let here: Installation;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    await installAgents();
    here = await Installation.create({ upstreams: {} });
    browser = await launchBrowser();
    page = await browser.newPage();
    await browser.addAuthenticator(page);
    await page.goto(here.composed.setupUrl ?? "");
    await page.getByLabel("Your name").fill("Alice Example");
    await page.getByRole("button", { name: "Create passkey" }).click();
    await page.getByRole("heading", { name: /^Welcome/ }).waitFor();
  }, 600_000);
  afterAll(async () => {
    await browser.close();
    await here.close();
  });

  async function approve(url: string): Promise<void> {
    await page.goto(url);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator("#outcome", { hasText: "Approved" }).waitFor();
  }

  describe.each(CODING_AGENTS)("$id", (agent: CodingAgent) => {
    let model: ScriptedModel;
    let line: CommandLine;
    let work = "";
    const records = (): string => join(here.files, `${agent.id}.txt`);

    beforeAll(async () => {
      model = await ScriptedModel.start();
      line = new CommandLine(join(here.folder, "home"), { COUNTERSIGN_SERVER: here.composed.api });
      work = join(line.cwd, `${agent.id}-work`);
      await mkdir(join(work, "data"), { recursive: true });
      await writeFile(join(work, "data", "customers.csv"), "ada,42\n");
      await writeFile(records(), "the old text");
      await agent.configure(line.cwd, model.url, { files: fileServer(here.files) });
    });
    afterAll(async () => {
      await endResident(line);
      model.close();
    });

    const run = async (...steps: readonly Step[]): Promise<AgentRun> => {
      model.play(...steps);
      const at = { home: line.cwd, cwd: work, model: model.url, env: { XDG_RUNTIME_DIR: runtimeDir(line) } };
      return await runAgent(agent, at, "tidy the records");
    };
    const readRecords: Step = { call: /files.*read_text_file$/, args: () => ({ path: records() }) };

    it("is connected by one command and one passkey", async () => {
      const connecting = line.start(["connect", agent.id, "--yes", "--json"]);
      const told = await connecting.until("stderr", '"sign"');
      await approve(/"url":"([^"]+)"/.exec(told)?.[1] ?? "");
      const ended = await connecting.ended;
      expect(ended.code, ended.stderr).toBe(0);
      expect(await readFile(agent.configFile(line.cwd), "utf8")).toContain(`--agent`);
    });

    it("reads through the gateway; its shell's deletion is held", async () => {
      await run(readRecords, agent.shell("rm -r data"));
      const [read, removed] = model.results;
      expect(read).toContain("the old text");
      expect(removed).toContain("held");
      expect(existsSync(join(work, "data", "customers.csv"))).toBe(true);
      const { entries } = await fetchJson<{ entries: { body: { kind: string } }[] }>(
        `/v1/ledger/entries?reverse=1&limit=50&resource=${encodeURIComponent(`file:${records()}`)}`,
      );
      expect(entries.map(({ body }) => body.kind)).toContain("action.outcome");
    });

    it("carries a held call out once, when it was approved in the browser", async () => {
      const ran = run(
        { call: /files.*write_file$/, args: () => ({ path: records(), content: "the new text" }) },
        { call: /files.*countersign_wait$/, args: ([held]) => ({ approval: /apr_\w+/.exec(held ?? "")?.[0] }) },
      );
      const over = ran.then(({ stdout }) =>
        Promise.reject(new Error(`not held: ${model.results.join(" ")} ${stdout}`)),
      );
      const [approval] = await Promise.race([model.until(/apr_\w+/), over]);
      expect(await readFile(records(), "utf8")).toBe("the old text");
      await approve(`${here.composed.api}/approve/${approval}`);
      await ran;
      expect(model.results[1]).toContain("Successfully wrote");
      expect(await readFile(records(), "utf8")).toBe("the new text");
      const { entries } = await fetchJson<{ entries: { body: { action: string } }[] }>(
        `/v1/ledger/entries?kind=action.intent&limit=50&resource=${encodeURIComponent(`file:${records()}`)}`,
      );
      expect(entries.filter(({ body }) => body.action.endsWith("write_file"))).toHaveLength(1);
    });

    it("can do nothing in a freeze, neither through the gateway nor by its shell", async () => {
      const frozen = await line.json("freeze", "--agent", agent.id, "--reason", "code freeze");
      expect(frozen.code).toBe(0);
      await run(readRecords, agent.shell("touch made-in-the-freeze"));
      const [read, touched] = model.results;
      expect(read).not.toContain("the new text");
      expect(read).toMatch(/brake\.frozen.*code freeze/s);
      expect(touched).toMatch(/brake\.frozen.*code freeze/s);
      expect(existsSync(join(work, "made-in-the-freeze"))).toBe(false);
    });
  });

  async function fetchJson<T>(path: string): Promise<T> {
    return await page.evaluate<T>(`fetch(${JSON.stringify(path)}).then((answer) => answer.json())`);
  }
});
