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
      points: [{ name: "mcp", how: "acknowledged" }],
    });
    expect(refusalOf(await client.callTool({ name: "read_text_file", arguments: { path } }))).toMatchObject({
      code: "brake.frozen",
    });
    await client.close();
    expect(await readFile(path, "utf8")).toBe("hello");
  });
});
