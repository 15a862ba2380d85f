import { access, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, launchBrowser } from "./browser.ts";
import { CommandLine, type Ran } from "./support/command-line.ts";
import { HookClient, endResident } from "./support/hooks.ts";
import { Installation, fileServer, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import { Person } from "./support/person.ts";
import { Workstation } from "./support/workstation.ts";

const TOKEN = "tok-9f8e7d6c5b4a39281706";

/** The home folder of somebody who has a client with one server over a folder, and nothing of Countersign. */
class Newcomer {
  readonly home: string;
  readonly records: string;
  readonly cli: CommandLine;

  private constructor(home: string, api: string) {
    this.home = home;
    this.records = join(home, "records");
    this.cli = new CommandLine(home, { COUNTERSIGN_SERVER: api });
  }

  static async arrives(here: Installation, name: string): Promise<Newcomer> {
    const one = new Newcomer(join(here.folder, name), here.composed.api);
    await mkdir(one.records, { recursive: true });
    await writeFile(join(one.records, "a.txt"), "hello");
    return one;
  }

  async put(path: string, text: string): Promise<string> {
    const file = join(this.home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  }

  /** Codex with a server of that name, which wants a secret. */
  async codex(name: string): Promise<string> {
    const [command, ...args] = fileServer(this.records);
    const lines = ["# mine", 'model = "m"', `[mcp_servers.${name}]`, `command = ${JSON.stringify(command)}`];
    lines.push(`args = ${JSON.stringify(args)}`, `env = { FILES_TOKEN = "${TOKEN}" }`, "");
    return await this.put(".codex/config.toml", lines.join("\n"));
  }

  async claude(name: string): Promise<string> {
    const [command, ...args] = fileServer(this.records);
    return await this.put(".claude.json", JSON.stringify({ mcpServers: { [name]: { command, args } } }, null, 2));
  }
}

interface Answer {
  readonly code: number | null;
  readonly signed: boolean;
  readonly files: readonly string[];
  readonly checked: readonly { readonly tools: number | null; readonly why: string | null }[];
}
interface Asked {
  readonly approvalId: string;
  readonly url: string;
}

/** The server's entry as the client reads it, started as the client starts it. */
async function asCodex(file: string, { home, cli }: Newcomer): Promise<Client> {
  const text = await readFile(file, "utf8");
  // Texts and lists of texts are written in TOML as in JSON.
  const value = (key: string): unknown => JSON.parse(new RegExp(`^${key} = (.+)$`, "m").exec(text)?.[1] ?? "null");
  const command = value("command") as string;
  const args = value("args") as string[];
  expect(text).not.toContain("env");
  const client = new Client({ name: "codex", version: "1" });
  await client.connect(new StdioClientTransport({ command, args, cwd: home, env: { ...cli.env } }));
  return client;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

describe("the first minutes", () => {
  let here: Installation;
  let browser: TestBrowser;
  let page: Page;
  let newcomer: Newcomer;
  let config: string;
  let before: string;
  let ran: Ran;

  beforeAll(async () => {
    here = await Installation.create({ upstreams: {}, config: { approvals: { waitSeconds: 0 } } });
    newcomer = await Newcomer.arrives(here, "newcomer");
    config = await newcomer.codex("files");
    before = await readFile(config, "utf8");
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1024, height: 900 } });
    page.setDefaultTimeout(20_000);
  });
  afterAll(async () => {
    await browser.close();
    await here.close();
  });

  it("take one command, one passkey, and one signature with it", verifies("INV-12"), async () => {
    const passkeys = await browser.addAuthenticator(page);
    const command = newcomer.cli.start(["connect", "codex", "--yes"]);
    const said = await command.until("stderr", "The page ends in");
    expect(said).toContain("There is no passkey here yet");
    expect(said).toMatch(/files +write_file +destructive +file:\{path\}/);
    await page.goto(here.composed.setupUrl ?? "");
    await page.getByLabel("Your name").fill("Alice Example");
    await page.getByRole("button", { name: "Create passkey" }).click();
    await page.getByRole("heading", { name: "Welcome, Alice Example" }).waitFor();
    await page.goto(/http\S+\/approve\/\S+/.exec(said)?.[0] ?? "");
    const shown = (await page.locator("main").textContent()) ?? "";
    for (const part of ["FILES_TOKEN", "secret, kept sealed", "tool:codex/**", newcomer.records, "sessionKey"])
      expect(shown).toContain(part);
    const key = /session key:\s+(\S{4}(?: \S{1,4}){10})\s/.exec(said)?.[1] ?? "no key";
    expect(await page.locator(".key").innerText()).toBe(key);
    expect(await page.locator(".words").allInnerTexts()).toContainEqual(
      expect.stringMatching(/destructive.*write_file/s),
    );
    const next = page.locator("#next-part");
    while (await next.isVisible()) await next.click();
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    ran = await command.ended;
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/connected .*Codex CLI acts as the agent codex/);
    expect(ran.stdout).toMatch(/checked .*files: \d+ tools/);
    const made = await passkeys.credentials();
    // The first signature of a passkey counts 1: the one that made it, and the one on the page.
    expect(made.map(({ signCount }) => signCount)).toEqual([2]);
  });

  it("end with calls that are governed, by the command that stands in the client's own file", async () => {
    const client = await asCodex(config, newcomer);
    const file = join(newcomer.records, "a.txt");
    const read = await client.callTool({ name: "read_text_file", arguments: { path: file } });
    expect(read).toMatchObject({ structuredContent: { content: "hello" } });
    const write = await client.callTool({ name: "write_file", arguments: { path: file, content: "lost" } });
    expect(refusalOf(write)).toMatchObject({ decision: "hold" });
    expect(await readFile(file, "utf8")).toBe("hello");
    await client.close();
  });

  it("leave the client's secrets to nobody but the backup of its owner", verifies("INV-9"), async () => {
    // The control plane is at work: a file of its own may be gone before it is read.
    const token = async (file: string): Promise<boolean> =>
      (await readFile(file).catch(() => Buffer.alloc(0))).includes(TOKEN);
    expect(ran.stdout + ran.stderr).not.toContain(TOKEN);
    expect(await token(config)).toBe(false);
    const kept: string[] = [];
    for (const file of [...(await filesBelow(newcomer.home)), ...(await filesBelow(here.data))])
      if (await token(file)) kept.push(file);
    expect(kept).toEqual(
      kept.filter((file) => file.startsWith(join(newcomer.home, ".local/state/countersign/connect/"))),
    );
    for (const file of kept) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("need nothing more when they are done again", async () => {
    const again = await newcomer.cli.json<Answer>("connect", "codex", "--yes");
    expect(again).toMatchObject({ code: 0, signed: false, files: [] });
    const { clients } = await newcomer.cli.json<{ clients: object[] }>("connect");
    expect(clients).toEqual([{ client: "codex", name: "Codex CLI", servers: 1, governed: 1, trouble: null }]);
  });

  it("are undone to the byte, twice without harm", async () => {
    const undone = await newcomer.cli.json<{ files: { how: string }[] }>("connect", "codex", "--undo");
    expect(undone.files.map(({ how }) => how)).toEqual(["restored", "restored"]);
    expect(await readFile(config, "utf8")).toBe(before);
    await expect(access(join(newcomer.home, ".codex/hooks.json"))).rejects.toThrow("ENOENT");
    expect(await newcomer.cli.json("connect", "codex", "--undo")).toMatchObject({ code: 0, files: [] });
  });
});

describe("countersign connect", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;

  beforeAll(async () => {
    here = await Installation.create({ upstreams: {}, config: { approvals: { waitSeconds: 0 } } });
    ({ alice, laptop } = await here.people());
  });
  afterAll(async () => await here.close());

  it("that died after the signature finishes without another one", async () => {
    const one = await Newcomer.arrives(here, "died");
    const config = await one.codex("died");
    const before = await readFile(config, "utf8");
    const first = one.cli.start(["connect", "codex", "--yes", "--json"]);
    const said = await first.until("stderr", '"event":"sign"');
    const { approvalId } = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Asked;
    first.child.kill("SIGKILL");
    await first.ended;
    await alice.answer(approvalId);
    expect(await readFile(config, "utf8")).toBe(before);
    const pending = await alice.pending();
    const again = await one.cli.json<Answer>("connect", "codex", "--yes");
    expect(again).toMatchObject({ code: 0, signed: false });
    expect(again.checked).toMatchObject([{ why: null }]);
    expect(await alice.pending()).toEqual(pending);
    expect(await readFile(config, "utf8")).not.toBe(before);
  });

  it("puts the client's own tools behind the gate, within what was signed", async () => {
    const one = await Newcomer.arrives(here, "claude");
    await one.claude("claude");
    const held = await one.cli.json<Asked>("connect", "claude-code", "--agent", "coder", "--yes", "--no-wait");
    expect(held.code).toBe(4);
    await alice.answer(held.approvalId);
    expect(await one.cli.json("connect", "claude-code", "--agent", "coder", "--yes")).toMatchObject({ code: 0 });
    const hooks = await readFile(join(one.home, ".claude/settings.json"), "utf8");
    expect(hooks).toContain("/.local/bin/countersign' hook claude-code --agent coder");
    const client = new HookClient(one.cli, { cwd: one.records, session: "s" });
    try {
      expect((await client.shell("cat a.txt")).refused).toBeNull();
      expect((await client.shell("rm -rf .")).refused).toMatch(/^HELD/);
    } finally {
      await endResident(one.cli);
    }
  });

  it("leaves everything as it was when the person says no", async () => {
    const one = await Newcomer.arrives(here, "no");
    const config = await one.codex("no");
    const before = await readFile(config, "utf8");
    const args = ["connect", "codex", "--agent", "never", "--yes", "--json"];
    const command = one.cli.start(args);
    const said = await command.until("stderr", '"event":"sign"');
    await alice.answer((JSON.parse(said.trim().split("\n").at(-1) ?? "") as Asked).approvalId, "deny");
    expect(await command.ended).toMatchObject({ code: 3, stdout: "" });
    expect(await readFile(config, "utf8")).toBe(before);
    expect(
      (await alice.json<{ agents: { name: string }[] }>("/v1/agents")).agents.map(({ name }) => name),
    ).not.toContain("never");
  });

  it("refuses a damaged configuration with the place of the damage, and touches nothing", async () => {
    const one = await Newcomer.arrives(here, "damaged");
    const text = 'model = "x"\n[mcp_servers.files\ncommand = "y"\n';
    const config = await one.put(".codex/config.toml", text);
    const problem = await one.cli.problem("connect", "codex", "--yes");
    expect(problem).toMatchObject({ code: "config.invalid", exit: 1 });
    expect(problem["detail"]).toMatch(/config\.toml:\d+:\d+` is not valid TOML/);
    expect(await readFile(config, "utf8")).toBe(text);
  });

  it("hides a tool whose definition is not the one that was signed", verifies("INV-12"), async () => {
    const files = join(here.folder, "pinned");
    await mkdir(files);
    const [command = "", ...args] = fileServer(files);
    const ask = {
      client: "codex",
      label: "Codex CLI",
      upstreams: [
        {
          name: "pinned",
          terms: { kind: "mcp", command: [command, ...args], effects: { list_directory: "read" } },
          pins: { list_directory: "A".repeat(43) },
        },
      ],
      agent: {
        name: "pinned",
        purpose: "look",
        grants: [{ action: "mcp:pinned/**", resource: "**" }],
        expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
      },
    };
    const { approvalId } = await laptop.json<Asked>("/v1/clients", ask);
    await alice.answer(approvalId);
    const client = await mcpClient(await laptop.openTask("pinned"), "auto", "pinned");
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["countersign_wait"]);
    const call = await client.callTool({ name: "list_directory", arguments: { path: files } });
    expect(refusalOf(call)?.code).toBe("tool.definition_changed");
    await client.close();
  });

  it("shows what a signature would make of servers and agents that are in force", verifies("INV-5"), async () => {
    const [one, two] = ["A".repeat(43), "B".repeat(43)];
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const ask = async (more: { effects: object; pins: object; grants: object[] }): Promise<string> => {
      const { effects, pins, grants } = more;
      const upstreams = [{ name: "grown", terms: { kind: "mcp", command: ["/bin/server"], effects }, pins }];
      const agent = { name: "grown", purpose: "look", grants, expiresAt };
      const body = { client: "codex", label: "Codex CLI", upstreams, agent };
      return (await laptop.json<Asked>("/v1/clients", body)).approvalId;
    };
    const look = { action: "mcp:grown/look", resource: "**" };
    const all = { action: "mcp:grown/**", resource: "**" };
    await alice.answer(await ask({ effects: { look: "write" }, pins: { look: one, wipe: one }, grants: [look] }));
    const grown = { effects: { look: "read", wipe: "read" }, pins: { look: two, more: one }, grants: [look, all] };
    const id = await ask(grown);
    const { display } = await alice.json<{ display: { content: string } }>(`/v1/approvals/${id}`);
    expect(JSON.parse(display.content)).toMatchObject({
      servers: [
        {
          change: "accept its tools as they are now",
          tools: {
            look: "write, defined otherwise than before",
            wipe: "read, until now as it says itself",
            more: "as it says itself, a new tool",
          },
        },
      ],
      agent: { change: "more scope", added: [all], grants: [look, all] },
    });
  });

  it("takes nobody's signature but an administrator's", verifies("INV-12"), async () => {
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: [] });
    const bob = new Person(here.composed.api);
    const { approvalId } = await bob.register(url, "Bob Example");
    await alice.answer(approvalId ?? "");
    await bob.signIn();
    const one = await Newcomer.arrives(here, "bob");
    const config = await one.codex("bob");
    const before = await readFile(config, "utf8");
    const held = await one.cli.json<Asked>("connect", "codex", "--agent", "bobs", "--yes", "--no-wait");
    await expect(bob.answer(held.approvalId)).rejects.toThrow("approval.not_approver");
    expect(await one.cli.json("connect", "codex", "--agent", "bobs", "--yes", "--no-wait")).toMatchObject({ code: 4 });
    expect(await readFile(config, "utf8")).toBe(before);
  });
});
