import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fixture, startFixture } from "../conformance/mcp/fixture/http.ts";
import { CommandLine } from "./support/command-line.ts";
import { Installation } from "./support/installation.ts";
import type { Person } from "./support/person.ts";
import type { TaskClient, Workstation } from "./support/workstation.ts";

const ERAS = ["auto", "legacy"] as const;
type Mode = (typeof ERAS)[number];
const EVERYTHING = [
  process.execPath,
  fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js")),
  "stdio",
];
const UPSTREAMS = ["everything", "modern", "legacy"] as const;
const WATCHED = "test://watched-resource";

/** A client that can be asked for everything; `heard` gets what it is told. */
function asked(mode: Mode, heard: string[]): Client {
  const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
  const client = new Client({ name: "test", version: "1" }, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler("elicitation/create", ({ params }) => {
    heard.push(`elicit ${params.message}`);
    return { action: "accept", content: { name: "Ada" } };
  });
  client.setRequestHandler("sampling/createMessage", () => ({
    role: "assistant",
    model: "test-model",
    content: { type: "text", text: "Paris" },
  }));
  client.setRequestHandler("roots/list", () => ({ roots: [{ uri: "file:///srv/plans" }, { uri: "file:///etc" }] }));
  client.setNotificationHandler(
    "notifications/resources/updated",
    ({ params }) => void heard.push(`updated ${params.uri}`),
  );
  client.setNotificationHandler("notifications/tools/list_changed", () => void heard.push("tools changed"));
  return client;
}

describe("MCP beyond tools, through the gateway", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let fixtures: readonly Fixture[];
  const open: Client[] = [];

  beforeAll(async () => {
    const [modern, legacy] = [await startFixture("both"), await startFixture("legacy")];
    fixtures = [modern, legacy];
    here = await Installation.create({
      upstreams: {
        everything: { kind: "mcp", command: EVERYTHING, effects: { "toggle-subscriber-updates": "read" } },
        modern: { kind: "mcp", url: modern.url },
        legacy: { kind: "mcp", url: legacy.url },
      },
    });
    ({ alice, laptop } = await here.people());
    const all = UPSTREAMS.flatMap((name) => [
      { action: `mcp:${name}/*`, resource: `mcp:${name}` },
      { action: `mcp:${name}#**`, resource: `mcp:${name}` },
    ]);
    await here.agent(alice, { grants: [...all, { action: "mcp:modern/*", resource: "file:/srv/**" }] });
  });
  afterAll(async () => {
    await Promise.all(open.map(async (client) => await client.close().catch(() => undefined)));
    await here.close();
    await Promise.all(fixtures.map(async (fixture) => await fixture.close()));
  });

  async function connect(mode: Mode, server: string, on?: TaskClient): Promise<{ client: Client; heard: string[] }> {
    const task = on ?? (await laptop.openTask("coder"));
    const heard: string[] = [];
    const client = asked(mode, heard);
    const fetch = task.fetch as typeof globalThis.fetch;
    await client.connect(new StreamableHTTPClientTransport(new URL(`${task.gateway}/mcp/${server}`), { fetch }));
    open.push(client);
    return { client, heard };
  }
  const textOf = (result: unknown): string => JSON.stringify(result);

  describe.each(ERAS)("a client in mode %s", (mode) => {
    it.each(UPSTREAMS)("reads resources, prompts and completions of %s", async (server) => {
      const { client } = await connect(mode, server);
      const { resources } = await client.listResources();
      const uri = resources[0]?.uri ?? "";
      expect((await client.readResource({ uri })).contents[0]).toMatchObject({ uri });
      expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0);
      const { prompts } = await client.listPrompts();
      const [plain] = prompts.filter(({ arguments: args = [] }) => args.length === 0);
      expect((await client.getPrompt({ name: plain?.name ?? "" })).messages.length).toBeGreaterThan(0);
      await expect(client.readResource({ uri: "test://nothing" })).rejects.toThrow(/found|unknown|nothing/i);
      const ref = {
        type: "ref/prompt",
        name: server === "everything" ? "completable-prompt" : "test_prompt_with_arguments",
      } as const;
      const argument = {
        name: server === "everything" ? "department" : "arg1",
        value: server === "everything" ? "E" : "pa",
      };
      expect((await client.complete({ ref, argument })).completion.values.length).toBeGreaterThan(0);
    });

    it.each(["modern", "legacy"])("answers what %s asks, and is told who asks", async (server) => {
      const { client, heard } = await connect(mode, server);
      const call = async (name: string, args: Record<string, unknown> = {}): Promise<string> =>
        textOf((await client.callTool({ name, arguments: args })).content);
      expect(await call("test_input_required_result_elicitation")).toContain("Hello, Ada!");
      expect(heard).toEqual([`elicit Asked by the server \`${server}\`, not by Countersign: What is your name?`]);
      expect(await call("test_sampling", { prompt: "capital of France?" })).toContain("LLM response: Paris");
      const roots = await call("test_input_required_result_list_roots");
      expect(roots).not.toContain("/etc");
      expect(roots.includes("/srv/plans")).toBe(server === "modern");
      expect(await call("test_input_required_result_multi_round")).toContain("both steps were answered");
    });

    it("hears of changes that it subscribed to, until it takes that back", async () => {
      const { client, heard } = await connect(mode, "modern");
      const subscription =
        mode === "auto" ? await client.listen({ toolsListChanged: true, resourceSubscriptions: [WATCHED] }) : null;
      if (subscription === null) await client.subscribeResource({ uri: WATCHED });
      await client.callTool({ name: "test_trigger_resource_update", arguments: {} });
      await expect.poll(() => heard, { timeout: 5000 }).toContain(`updated ${WATCHED}`);
      await client.callTool({ name: "test_trigger_tool_change", arguments: {} });
      await expect.poll(() => heard, { timeout: 5000 }).toContain("tools changed");
      if (subscription === null) await client.unsubscribeResource({ uri: WATCHED });
      else await subscription.close();
    });

    it("sees and may do only what its task was granted", async () => {
      const grants = [{ action: "mcp:modern/test_simple_text", resource: "mcp:modern" }];
      const narrow = await laptop.openTask("coder", { grants });
      const { client } = await connect(mode, "modern", narrow);
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(["test_simple_text", "countersign_wait"]);
      expect((await client.listResources()).resources).toEqual([]);
      expect((await client.listPrompts()).prompts).toEqual([]);
      const error: unknown = await client.readResource({ uri: WATCHED }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: -32003,
        data: { decision: "deny", code: "grant.missing", entry: expect.stringMatching(/^ent_/) },
      });
      const elsewhere = await connect(mode, "everything", narrow);
      expect((await elsewhere.client.listTools()).tools).toEqual([]);
    });
  });

  it("is the same on a pipe: countersign mcp passes both ways what a session says", async () => {
    const cli = new CommandLine(await mkdtemp(join(here.folder, "home-")), { COUNTERSIGN_SERVER: here.composed.api });
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
    for (const [mode, server] of [
      ["legacy", "legacy"],
      ["auto", "legacy"],
    ] as const) {
      const heard: string[] = [];
      const client = asked(mode, heard);
      const args = ["mcp", server, "--agent", "coder"];
      await client.connect(new StdioClientTransport({ command: cli.program, args, env: cli.env, stderr: "ignore" }));
      const hello = await client.callTool({ name: "test_input_required_result_elicitation", arguments: {} });
      expect(textOf(hello.content)).toContain("Hello, Ada!");
      if (mode === "legacy") await client.subscribeResource({ uri: WATCHED });
      else await client.listen({ resourceSubscriptions: [WATCHED] });
      await client.callTool({ name: "test_trigger_resource_update", arguments: {} });
      await expect.poll(() => heard, { timeout: 5000 }).toContain(`updated ${WATCHED}`);
      await client.close();
    }
  });
});
