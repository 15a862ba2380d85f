import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchBrowser, type TestBrowser } from "./browser.ts";
import { CODING_AGENTS, installAgents } from "./support/coding-agents.ts";
import { CommandLine } from "./support/command-line.ts";
import { endResident, runtimeDir } from "./support/hooks.ts";
import { fileServer } from "./support/installation.ts";
import { ScriptedModel, type Step } from "./support/scripted-model.ts";
import { Terminal } from "./support/terminal.ts";
import { type TranscriptPart, matchLines, readTranscript } from "./support/transcript.ts";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const [CODEX] = CODING_AGENTS;

let browser: TestBrowser;
let page: Page;
let folder = "";
let home: CommandLine;
let model: ScriptedModel;
const terminals: Terminal[] = [];

beforeAll(async () => {
  await installAgents();
  folder = await mkdtemp(join(tmpdir(), "countersign-first-run-"));
  home = new CommandLine(join(folder, "home"));
  await mkdir(join(home.cwd, "notes"), { recursive: true });
  await mkdir(runtimeDir(home), { mode: 0o700 });
  await writeFile(join(home.cwd, "notes", "list.txt"), "buy milk\n");
  model = await ScriptedModel.start();
  await CODEX.configure(home.cwd, model.url, { notes: fileServer(join(home.cwd, "notes")) });
  await mkdir(join(home.cwd, "bin"));
  await symlink(CODEX.program, join(home.cwd, "bin", "codex"));
  await mkdir(join(home.cwd, "work"));
  await promisify(execFile)("git", ["init", "--quiet", join(home.cwd, "work")]);
  await checkout(join(folder, "countersign"));
  browser = await launchBrowser();
  page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  await browser.addAuthenticator(page);
}, 600_000);
afterAll(async () => {
  await Promise.all(terminals.map(async (terminal) => await terminal.stop()));
  await endResident(home);
  model.close();
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

/** The repository as a clone has it, but for its data directory. */
async function checkout(to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(REPOSITORY))
    if (name !== ".countersign") await symlink(join(REPOSITORY, name), join(to, name));
}

/** What the model does with each prompt of the document: there are no weights in a test. */
function scriptOf(prompt: string): readonly Step[] {
  const path = join(home.cwd, "notes", "list.txt");
  const script = new Map<string, Step>([
    ["What is on my list?", { call: /notes.*read_text_file$/, args: () => ({ path }) }],
    ["Delete my notes with the shell", CODEX.shell("rm -r ~/notes")],
    ["Empty my list", { call: /notes.*write_file$/, args: () => ({ path, content: "nothing to buy\n" }) }],
  ]).get(prompt);
  if (script === undefined) throw new Error(`no script for \`${prompt}\``);
  return [script];
}

/** What a person does, by the words of the document. `shown`: all that the terminals showed so far. */
async function inBrowser(what: string, shown: string): Promise<void> {
  const last = (pattern: RegExp): string => shown.match(pattern)?.at(-1) ?? "";
  if (what.startsWith("open the set-up link")) {
    await page.goto(last(/http\S+\/setup\?token=\S+/g));
    await page.getByRole("button", { name: "Create passkey" }).click();
    await page.getByRole("heading", { name: /^Welcome/ }).waitFor();
    return;
  }
  const signs = what.includes("**Approve**");
  if (what.startsWith("open that page")) await page.goto(last(/http\S+\/approve\/\S+/g));
  else {
    await page.goto(new URL("/approvals", page.url()).href);
    await page.getByRole("row").nth(1).click();
    await page.getByRole("link", { name: signs ? /Review and sign/ : /Deny/ }).click();
  }
  if (signs) await page.getByRole("button", { name: "Approve" }).click();
  else {
    await page.getByRole("button", { name: "Deny", exact: true }).click();
    await page.getByLabel(/Why not/).fill(/the reason: `(.+)`/.exec(what)?.[1] ?? "");
    await page.getByRole("button", { name: "Deny with passkey" }).click();
  }
  await page.locator("#outcome").waitFor();
}

/** The person at the keyboard: one terminal for what keeps running, a fresh one for each command. */
class Reader {
  terminal: Terminal | null = null;
  read = 0;

  shown(): string {
    return terminals.map(({ shown }) => shown).join("\n");
  }

  async follow(part: TranscriptPart): Promise<void> {
    if (part.kind === "browser") return await inBrowser(part.what, this.shown());
    if (part.kind === "expect") {
      this.read += (await this.terminal?.until((shown) => matchLines(part.lines, shown.slice(this.read)))) ?? 0;
      return;
    }
    if (/^[yn]$/.test(part.line)) return this.terminal?.type(part.line);
    await this.start(part.line);
  }

  private async start(line: string): Promise<void> {
    if (this.terminal !== null && terminals.length > 1) await this.terminal.ended;
    const isServer = line === "npm start";
    const brake =
      this.shown()
        .match(/brk_\w{22}/g)
        ?.at(-1) ?? "";
    const prompt = /^codex exec "(.*)"$/.exec(line)?.[1];
    if (prompt !== undefined) model.play(...scriptOf(prompt));
    this.terminal = new Terminal(line.replace("brk_…", brake), {
      cwd: isServer ? join(folder, "countersign") : join(home.cwd, "work"),
      env: {
        ...ENV(),
        ...(isServer ? { COUNTERSIGN_LISTEN_API: "127.0.0.1:0", COUNTERSIGN_LISTEN_GATEWAY: "127.0.0.1:0" } : {}),
      },
    });
    this.read = 0;
    terminals.push(this.terminal);
  }
}

const ENV = (): Readonly<Record<string, string>> => ({
  ...home.env,
  PATH: `${join(home.cwd, "bin")}:${join(home.cwd, ".local", "bin")}:${home.env["PATH"] ?? ""}`,
  XDG_RUNTIME_DIR: runtimeDir(home),
  TERM: "xterm",
  SHELL: "/bin/bash",
});

it("goes as the document says", { timeout: 180_000 }, async () => {
  const parts = readTranscript(await readFile(join(REPOSITORY, "docs", "first-run.md"), "utf8"));
  expect(parts.filter(({ kind }) => kind === "type").length).toBeGreaterThan(10);
  const reader = new Reader();
  for (const part of parts) {
    await reader.follow(part).catch((error: unknown) => {
      throw new Error(`at ${JSON.stringify(part)}`, { cause: error });
    });
  }
});
