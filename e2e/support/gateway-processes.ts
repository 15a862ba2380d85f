import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { CommandLine, type Started } from "./command-line.ts";
import { fileServer } from "./installation.ts";
import { Person } from "./person.ts";
import { Workstation } from "./workstation.ts";

export interface GatewayReady {
  readonly event: string;
  readonly gateway: string;
  readonly point: string;
  readonly name: string;
  readonly server: string;
  readonly pid: number;
}

/** A control plane and its gateways, each a process of its own. */
export class GatewayProcesses {
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

  static async create(): Promise<GatewayProcesses> {
    const folder = await mkdtemp(join(tmpdir(), "countersign-gateway-"));
    await mkdir(join(folder, "files"));
    await writeFile(join(folder, "files", "a.txt"), "hello");
    const resources = { write_file: "file:{path}", read_text_file: "file:{path}" };
    const files = { kind: "mcp", command: fileServer(join(folder, "files")), resources };
    // The address stays the same when the control plane starts again.
    const api = `127.0.0.1:${String(await freePort())}`;
    const config = { listen: { api, gateway: "127.0.0.1:0" }, upstreams: { files } };
    await writeFile(join(folder, "countersign.yaml"), stringify(config));
    const made = new GatewayProcesses(folder);
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
    const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
    return this.keep(this.cli.start(["gateway", ...listen, "--json", ...args]));
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

  /** The same user with more in the environment. */
  with(env: Record<string, string>): CommandLine {
    return new CommandLine(this.folder, env);
  }

  async freePort(): Promise<number> {
    return await freePort();
  }

  async close(): Promise<void> {
    for (const one of this.running) one.child.kill("SIGKILL");
    await Promise.all(this.running.map(async (one) => await one.ended));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}
