import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { Installation, refusalOf } from "./support/installation.ts";
import { Person } from "./support/person.ts";

describe("the command line against a real installation", () => {
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;

  beforeAll(async () => {
    here = await Installation.create();
    alice = new Person(here.composed.api);
    await alice.register(here.composed.setupUrl ?? "", "Alice Example");
    const home = join(here.folder, "home");
    await mkdir(home);
    cli = new CommandLine(home, { XDG_CONFIG_HOME: join(home, "config"), COUNTERSIGN_DATA: here.data });
  });
  afterAll(async () => await here.close());

  it("signs in, registers an agent, lets an MCP client act, stops it and proves it", async () => {
    const { api } = here.composed;
    expect(await cli.json("status")).toMatchObject({ broken: "human", repair: expect.stringContaining("login") });

    const waiting = cli.start(["login", "--json", "--server", api]);
    const link = JSON.parse(await waiting.firstLine("stderr")) as { event: string; url: string; approvalId: string };
    expect(link).toMatchObject({ event: "sign_in", url: `${api}/approve/${link.approvalId}` });
    await alice.answer(link.approvalId);
    const signedIn = await waiting.ended;
    expect(signedIn.code, signedIn.stderr).toBe(0);
    expect(JSON.parse(signedIn.stdout)).toMatchObject({ server: api, human: { name: "Alice Example" } });

    const path = join(here.files, "a.txt");
    await writeFile(path, "hello");
    const terms = ["--owner", "me", "--purpose", "keeps records", "--grant", "mcp:files/*@**", "--expires", "30d"];
    const agent = await cli.json<{ approvalId: string; url: string }>("agent", "create", "coder", ...terms);
    expect(agent).toMatchObject({ code: 4, url: `${api}/approve/${agent.approvalId}` });
    await alice.answer(agent.approvalId);

    const client = new Client({ name: "t", version: "1" }, { versionNegotiation: { mode: "legacy" } });
    await client.connect(
      new StdioClientTransport({
        command: cli.program,
        args: ["mcp", "files", "--agent", "coder"],
        env: cli.env,
        cwd: cli.cwd,
      }),
    );
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("countersign_wait");
    const read = await client.callTool({ name: "read_text_file", arguments: { path } });
    expect(refusalOf(read)).toBeNull();
    const held = refusalOf(await client.callTool({ name: "write_file", arguments: { path, content: "x" } }));
    expect(held).toMatchObject({ decision: "hold" });
    expect(await cli.json("approvals", "list")).toMatchObject({ approvals: [{ id: held?.approval }] });

    const receipt = await cli.json("freeze", "--agent", "coder", "--reason", "code freeze");
    expect(receipt).toMatchObject({
      code: 0,
      state: "stopped",
      kind: "freeze",
      points: [
        { name: "mcp", how: "acknowledged" },
        { name: "hooks", how: "acknowledged" },
      ],
    });
    expect(refusalOf(await client.callTool({ name: "read_text_file", arguments: { path } }))).toMatchObject({
      code: "brake.frozen",
    });
    await client.close();
    expect(await readFile(path, "utf8")).toBe("hello");

    await proves(path, receipt);
  });

  /** What happened, for somebody who trusts neither the agent nor the server. */
  async function proves(path: string, stop: Record<string, unknown>): Promise<void> {
    const { code, ...receipt } = stop;
    expect(code).toBe(0);
    const { acts } = await cli.json<{ acts: Record<string, unknown>[] }>("ledger", "who", `file:${path}`);
    expect(acts.map(({ action, decision, outcome, names }) => ({ action, decision, outcome, names }))).toMatchObject([
      { action: "mcp:files/read_text_file", decision: { result: "deny", code: "brake.frozen" }, outcome: null },
      { action: "mcp:files/write_file", decision: { result: "hold" }, outcome: null },
      {
        action: "mcp:files/read_text_file",
        decision: { result: "permit" },
        outcome: "ok",
        names: { human: "Alice Example", agent: "coder", task: expect.stringContaining("work in") },
      },
    ]);
    const verified = await cli.json<{ size: number }>("ledger", "verify");
    expect(verified).toMatchObject({ code: 0, ok: true });
    const exported = await cli.json<{ size: number; dir: string }>("ledger", "export", "export");
    expect(exported.size).toBeGreaterThanOrEqual(verified.size);
    expect(await cli.json("ledger", "verify", "--offline", "export")).toMatchObject({ code: 0, size: exported.size });
    const tail = cli.start(["ledger", "tail", "--json"]);
    const { id } = (JSON.parse(await tail.firstLine("stdout")) as { body: { id: string } }).body;
    tail.child.kill("SIGINT");
    expect((await tail.ended).code).toBe(0);
    expect(await cli.json("ledger", "prove", id)).toMatchObject({
      code: 0,
      entry: { id },
      proof: expect.stringMatching(/^c2sp\.org\/tlog-proof@v1\n/),
    });
    await writeFile(join(cli.cwd, "receipt.json"), JSON.stringify(receipt));
    expect(await cli.json("receipt", "verify", "receipt.json")).toMatchObject({ code: 0, ok: true });
    expect(await cli.json("receipt", "verify", "receipt.json", "--key", "export/keys.json")).toMatchObject({ code: 0 });
    await writeFile(join(cli.cwd, "receipt.json"), JSON.stringify({ ...receipt, state: "stopping" }));
    expect(await cli.problem("receipt", "verify", "receipt.json")).toMatchObject({ exit: 1, code: "request.invalid" });
  }
});
