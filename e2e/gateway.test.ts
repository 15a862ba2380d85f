import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LedgerEntry } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { CommandLine, type Started } from "./support/command-line.ts";
import { fileServer, mcpClient, refusalOf } from "./support/installation.ts";
import { overSocket } from "./support/socket.ts";
import { Person } from "./support/person.ts";
import { type TaskClient, Workstation } from "./support/workstation.ts";

interface GatewayReady {
  readonly event: string;
  readonly gateway: string;
  readonly point: string;
  readonly name: string;
  readonly server: string;
  readonly pid: number;
}

/** A control plane and its gateways, each a process of its own. */
class Processes {
  readonly folder: string;
  readonly cli: CommandLine;
  readonly running: Started[] = [];
  api = "";
  setupUrl = "";
  up!: Started;

  constructor(folder: string) {
    this.folder = folder;
    this.cli = new CommandLine(folder);
  }

  static async create(): Promise<Processes> {
    const folder = await mkdtemp(join(tmpdir(), "countersign-gateway-"));
    await mkdir(join(folder, "files"));
    await writeFile(join(folder, "files", "a.txt"), "hello");
    const resources = { write_file: "file:{path}", read_text_file: "file:{path}" };
    const files = { kind: "mcp", command: fileServer(join(folder, "files")), resources };
    const config = { listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" }, upstreams: { files } };
    await writeFile(join(folder, "countersign.yaml"), stringify(config));
    const made = new Processes(folder);
    await made.start();
    return made;
  }

  async start(): Promise<void> {
    this.up = this.keep(this.cli.start(["up", "--data", "data", "--config", "countersign.yaml", "--json"]));
    const ready = JSON.parse(await this.up.firstLine("stdout")) as { api: string; setupUrl: string | null };
    this.api = ready.api;
    this.setupUrl = ready.setupUrl ?? this.setupUrl;
  }

  keep(started: Started): Started {
    this.running.push(started);
    return started;
  }

  async token(name: string): Promise<string> {
    return (await this.cli.json<{ token: string }>("gateway", "token", "--name", name, "--data", "data")).token;
  }

  gateway(...args: string[]): Started {
    return this.keep(this.cli.start(["gateway", "--listen", "127.0.0.1:0", "--json", ...args]));
  }

  async joined(name: string): Promise<{ process: Started; ready: GatewayReady }> {
    const process = this.gateway("--server", this.api, "--join", await this.token(name), "--data", name);
    return { process, ready: JSON.parse(await process.firstLine("stdout")) as GatewayReady };
  }

  async people(): Promise<{ alice: Person; laptop: Workstation }> {
    const alice = new Person(this.api);
    await alice.register(this.setupUrl, "Alice Example");
    const laptop = new Workstation(this.api);
    await laptop.signIn(alice);
    const created = await alice.json<{ approvalId: string }>("/v1/agents", {
      name: "coder",
      owner: "me",
      purpose: "keep the records tidy",
      grants: [{ action: "mcp:files/*", resource: "**" }],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await alice.answer(created.approvalId);
    return { alice, laptop };
  }

  async close(): Promise<void> {
    for (const one of this.running) one.child.kill("SIGKILL");
    await Promise.all(this.running.map(async (one) => await one.ended));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function read(task: TaskClient, folder: string): Promise<unknown> {
  const client = await mcpClient(task);
  try {
    return await client.callTool({ name: "read_text_file", arguments: { path: join(folder, "files", "a.txt") } });
  } finally {
    await client.close();
  }
}

describe("a gateway in a process of its own", () => {
  let here: Processes;
  beforeEach(async () => {
    here = await Processes.create();
  });
  afterEach(async () => await here.close());

  it("joins, serves a real client, is stopped by a freeze that names it, and leaves", async () => {
    const { alice, laptop } = await here.people();
    const { process, ready } = await here.joined("edge");
    expect(ready).toMatchObject({ event: "ready", name: "edge", server: here.api, pid: process.child.pid });
    const task = await laptop.openTask("coder", { gateway: "edge" });
    expect(task.gateway).toBe(ready.gateway);
    expect(await read(task, here.folder)).toMatchObject({ content: [{ text: "hello" }] });

    const receipt = await alice.json<{ state: string; points: { id: string; name: string; how: string }[] }>(
      "/v1/brakes",
      { kind: "freeze", scope: { type: "all", value: "*" }, reason: "test", wait: true },
    );
    expect(receipt.state).toBe("stopped");
    expect(receipt.points.map(({ name, how }) => `${name} ${how}`).sort()).toEqual([
      "edge acknowledged",
      "hooks acknowledged",
      "mcp acknowledged",
    ]);
    expect(refusalOf(await read(task, here.folder))).toMatchObject({ code: "brake.frozen" });

    process.child.kill("SIGTERM");
    expect(await process.ended).toMatchObject({ code: 0 });
    const { points } = await here.cli.json<{ points: { name: string; status: string }[] }>(
      "gateway",
      "list",
      "--data",
      "data",
    );
    expect(points.find(({ name }) => name === "edge")).toMatchObject({ status: "away" });
  });

  it("spools what an agent reads while the control plane is silent; killed, it merges that when it is back", async () => {
    const { laptop } = await here.people();
    const { process } = await here.joined("edge");
    const client = await mcpClient(await laptop.openTask("coder", { gateway: "edge" }));
    const look = async (name: string): Promise<unknown> =>
      await client.callTool({ name: "read_text_file", arguments: { path: join(here.folder, "files", name) } });
    expect(await look("a.txt")).toMatchObject({ content: [{ text: "hello" }] });
    await writeFile(join(here.folder, "files", "silent.txt"), "nobody listens");
    // Within its lease the gateway needs nobody for a read.
    here.up.child.kill("SIGSTOP");
    expect(await look("silent.txt")).toMatchObject({ content: [{ text: "nobody listens" }] });
    process.child.kill("SIGKILL");
    await process.ended;
    here.up.child.kill("SIGCONT");
    await client.close().catch(() => undefined);

    const again = here.gateway("--data", "edge");
    await again.firstLine("stdout");
    const silent = async (): Promise<readonly LedgerEntry[]> => {
      const { json } = await overSocket(join(here.folder, "data", "control.sock"), "/v1/ledger/entries?limit=1000");
      const all = (json["entries"] as { body: LedgerEntry }[]).map(({ body }) => body);
      const resource = `file:${join(here.folder, "files", "silent.txt")}`;
      return all.filter((entry) => entry.resource === resource);
    };
    await expect.poll(silent, { timeout: 20_000 }).toMatchObject([
      { kind: "action.intent", effect: "read", spool: {} },
      { kind: "action.outcome", outcome: { status: "ok" }, spool: {} },
    ]);
    expect(await here.cli.json("ledger", "export", "export", "--data", "data", "--server", here.api)).toMatchObject({
      code: 0,
    });
    const verified = await here.cli.json<{ remarks: { code: string }[] }>("ledger", "verify", "--offline", "export");
    expect(verified.remarks).toEqual([]);
  });
});
