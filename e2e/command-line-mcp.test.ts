import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CommandLine, type Started } from "./support/command-line.ts";
import { Installation, refusalOf } from "./support/installation.ts";
import { Person } from "./support/person.ts";

const ERAS = ["auto", "legacy"] as const;

describe("countersign mcp", () => {
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;
  let clients: Client[] = [];
  let shims: Started[] = [];
  let path = "";

  beforeAll(async () => {
    here = await Installation.create();
    alice = new Person(here.composed.api);
    await alice.register(here.composed.setupUrl ?? "", "Alice Example");
    await here.agent(alice);
    path = join(here.files, "a.txt");
    await writeFile(path, "hello");
  });
  afterAll(async () => await here.close());

  /** A machine on which nobody has signed in yet. */
  beforeEach(async () => {
    const home = await mkdtemp(join(here.folder, "home-"));
    cli = new CommandLine(home, { COUNTERSIGN_SERVER: here.composed.api });
  });
  afterEach(async () => {
    await Promise.all(clients.map(async (client) => await client.close()));
    for (const shim of shims) shim.child.kill("SIGTERM");
    await Promise.all(shims.map(async (shim) => await shim.ended));
    clients = [];
    shims = [];
  });

  async function signIn(): Promise<void> {
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
  }

  function newClient(mode: (typeof ERAS)[number]): Client {
    const client = new Client({ name: "t", version: "1" }, { versionNegotiation: { mode } });
    clients.push(client);
    return client;
  }

  async function overStdio(mode: (typeof ERAS)[number], ...more: string[]): Promise<Client> {
    const client = newClient(mode);
    const args = ["mcp", "files", ...(more.includes("--agent") ? [] : ["--agent", "coder"]), ...more];
    await client.connect(new StdioClientTransport({ command: cli.program, args, env: cli.env, cwd: cli.cwd }));
    return client;
  }

  const read = async (client: Client): Promise<unknown> =>
    await client.callTool({ name: "read_text_file", arguments: { path } });
  const names = async (client: Client): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name);

  it.each(ERAS)(
    "comes up when nobody is signed in, gives out one link, and goes on when it is signed (%s)",
    async (mode) => {
      const client = await overStdio(mode);
      const changed = Promise.withResolvers<void>();
      client.setNotificationHandler("notifications/tools/list_changed", () => changed.resolve());
      expect(await names(client)).toEqual(["countersign_status"]);
      const refused = await read(client);
      const refusal = refusalOf(refused) as { approval: string; approvalUrl: string } | null;
      expect(refusal).toMatchObject({ decision: "deny", step: "task", code: "task.no_human", entry: null });
      expect(refusal?.approvalUrl).toBe(`${here.composed.api}/approve/${refusal?.approval ?? ""}`);
      expect(JSON.stringify(refused)).toContain(`then call again: ${refusal?.approvalUrl ?? ""}`);

      const second = await overStdio(mode);
      expect(refusalOf(await read(second))?.approval).toBe(refusal?.approval);

      await alice.answer(refusal?.approval ?? "");
      expect(await read(client)).toMatchObject({ content: [{ text: "hello" }] });
      expect(refusalOf(await read(second))).toBeNull();
      if (mode === "legacy") await changed.promise;
      expect(await names(client)).toContain("read_text_file");
      expect(await client.callTool({ name: "countersign_status", arguments: {} })).toMatchObject({
        content: [{ text: expect.stringContaining("Connected") }],
      });
    },
  );

  it.each(ERAS)("serves a loopback address of its own (%s)", async (mode) => {
    await signIn();
    const shim = cli.start(["mcp", "files", "--agent", "coder", "--listen", "127.0.0.1:0"]);
    shims.push(shim);
    const ready = JSON.parse(await shim.firstLine("stdout")) as { event: string; url: string };
    expect(ready).toMatchObject({
      event: "ready",
      url: expect.stringMatching(/^http:\/\/localhost:\d+\/mcp\/[A-Za-z0-9_-]{22}$/),
    });
    const client = newClient(mode);
    await client.connect(new StreamableHTTPClientTransport(new URL(ready.url)));
    expect(await read(client)).toMatchObject({ content: [{ text: "hello" }] });
  });

  it("ends its task when the client closes", async () => {
    await signIn();
    const client = await overStdio("legacy", "--purpose", "one look");
    await read(client);
    const live = (await cli.json<{ tasks: { id: string; purpose: string; status: string }[] }>("task", "list")).tasks;
    const task = live.find(({ purpose }) => purpose === "one look");
    expect(task).toMatchObject({ status: "live" });
    await client.close();
    expect(await cli.json("task", "show", task?.id ?? "")).toMatchObject({ status: "ended", cause: "client ended" });
  });

  it("joins a task that was opened before, and leaves it open", async () => {
    // Of its own: whoever joins a task does not say what runs it, and no executable has acted as this agent yet.
    await here.agent(alice, { name: "joiner" });
    await signIn();
    const { id } = await cli.json<{ id: string }>(
      "task",
      "open",
      "--agent",
      "joiner",
      "--purpose",
      "shared",
      "--ttl",
      "1h",
    );
    const client = await overStdio("auto", "--agent", "joiner", "--task", id);
    expect(refusalOf(await read(client))).toBeNull();
    await client.close();
    expect(await cli.json("task", "show", id)).toMatchObject({ status: "live" });
  });

  it("opens no other task after a person ended it", async () => {
    await signIn();
    const client = await overStdio("legacy", "--purpose", "to be ended");
    await read(client);
    const { tasks } = await cli.json<{ tasks: { id: string; purpose: string; status: string }[] }>("task", "list");
    await cli.json(
      "task",
      "end",
      tasks.find(({ purpose, status }) => purpose === "to be ended" && status === "live")?.id ?? "",
    );
    expect(refusalOf(await read(client))).toMatchObject({ code: "task.ended" });
    expect(refusalOf(await read(client))).toMatchObject({ code: "task.ended" });
  });

  it("says what is wrong when the agent is not registered, or the control plane is down", async () => {
    await signIn();
    const nobody = newClient("legacy");
    const start = { command: cli.program, env: cli.env, cwd: cli.cwd };
    await nobody.connect(new StdioClientTransport({ ...start, args: ["mcp", "files", "--agent", "nobody"] }));
    expect(refusalOf(await read(nobody))).toMatchObject({
      code: "request.not_found",
      reason: expect.stringContaining("`nobody`"),
    });
    const down = newClient("legacy");
    await down.connect(
      new StdioClientTransport({
        ...start,
        args: ["mcp", "files", "--agent", "coder", "--server", "http://localhost:1"],
      }),
    );
    expect(refusalOf(await read(down))).toMatchObject({ code: "server.unreachable" });
  });

  it("stays severed", async () => {
    await signIn();
    const client = await overStdio("legacy");
    await read(client);
    const receipt = await cli.json<{ brake: string }>("sever", "--agent", "coder", "--reason", "wrong folder");
    expect(receipt).toMatchObject({ code: 0, kind: "sever", state: "stopped" });
    expect(refusalOf(await read(client))).toMatchObject({ code: "brake.severed" });
    const again = await overStdio("legacy");
    expect(refusalOf(await read(again))).toMatchObject({ code: "brake.severed" });
    const thaw = await cli.json<{ approvalId: string }>("thaw", receipt.brake);
    expect(thaw.code).toBe(4);
    await alice.answer(thaw.approvalId);
    expect(refusalOf(await read(await overStdio("legacy")))).toBeNull();
  });
});
