import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { pino } from "pino";
import { stringify } from "yaml";
import { type Composed, compose } from "../../packages/cli/src/compose.ts";
import { builtConsole } from "./built-console.ts";
import { Person } from "./person.ts";
import { type TaskClient, Workstation } from "./workstation.ts";

/** The real file-system server of the MCP project, over a folder. */
export function fileServer(folder: string): string[] {
  return [
    process.execPath,
    fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js")),
    folder,
  ];
}

export interface InstallationOptions {
  /** Further keys of `countersign.yaml`. */
  readonly config?: Record<string, unknown>;
  /** Instead of the file server. */
  readonly upstreams?: Record<string, unknown>;
  /** Beside the file server. */
  readonly beside?: Record<string, unknown>;
  /** Further terms of the file server. */
  readonly files?: Record<string, unknown>;
  /** Builds the console if it is older than its sources; else it is shown as it is. */
  readonly buildConsole?: boolean;
}

/** A whole installation in this process on a data directory of its own: real store, real gateway, real upstreams. */
export class Installation {
  readonly folder: string;
  readonly files: string;
  composed: Composed;
  private readonly buildConsole: boolean;

  private constructor(folder: string, composed: Composed, buildConsole: boolean) {
    this.buildConsole = buildConsole;
    this.folder = folder;
    this.files = join(folder, "files");
    this.composed = composed;
  }

  static async create(options: InstallationOptions = {}): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), "countersign-"));
    await mkdir(join(folder, "files"));
    await writeConfig(folder, options);
    const buildConsole = options.buildConsole ?? false;
    return new Installation(folder, await up(folder, buildConsole), buildConsole);
  }

  get data(): string {
    return join(this.folder, "data");
  }

  /** Stops and starts again on the same data directory, with another configuration if one is given. */
  async restart(configuration?: string): Promise<void> {
    await this.composed.close();
    if (configuration !== undefined) await writeFile(join(this.folder, "countersign.yaml"), configuration);
    await this.start();
  }

  /** A new, empty installation at the same place, over other upstreams. */
  async renew(upstreams: Record<string, unknown>): Promise<void> {
    await rm(this.data, { recursive: true, force: true });
    await writeConfig(this.folder, { upstreams });
    await this.start();
  }

  /** Starts what was closed. */
  async start(): Promise<void> {
    this.composed = await up(this.folder, this.buildConsole);
  }

  /** INV-10 is looked at after every test that used an installation. */
  async close(): Promise<void> {
    const zombies = await this.composed.zombies();
    await this.composed.close();
    if (zombies.length > 0) throw new Error(`zombies: ${JSON.stringify(zombies)}`);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The first human, signed in to a browser and on a workstation. */
  async people(): Promise<{ alice: Person; laptop: Workstation }> {
    const alice = new Person(this.composed.api);
    await alice.register(this.composed.setupUrl ?? "", "Alice Example");
    const laptop = new Workstation(this.composed.api);
    await laptop.signIn(alice);
    return { alice, laptop };
  }

  async agent(alice: Person, more: Record<string, unknown> = {}): Promise<string> {
    const created = await alice.json<{ id: string; approvalId: string }>("/v1/agents", {
      name: "coder",
      owner: "me",
      purpose: "keep the records tidy",
      grants: [{ action: "mcp:files/*", resource: "**" }],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
      ...more,
    });
    await alice.answer(created.approvalId);
    return created.id;
  }
}

async function writeConfig(
  folder: string,
  { config, upstreams, beside, files: more }: InstallationOptions,
): Promise<void> {
  const resources = { write_file: "file:{path}", read_text_file: "file:{path}", edit_file: "file:{path}" };
  const files = { kind: "mcp", command: fileServer(join(folder, "files")), resources, ...more };
  await writeFile(
    join(folder, "countersign.yaml"),
    stringify({
      listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" },
      upstreams: upstreams ?? { files, ...beside },
      approvals: { waitSeconds: 1 },
      ...config,
    }),
  );
}

async function up(folder: string, buildConsole: boolean): Promise<Composed> {
  if (buildConsole) await builtConsole();
  return await compose({
    dataDir: join(folder, "data"),
    configFile: join(folder, "countersign.yaml"),
    url: null,
    tls: null,
    behindProxy: false,
    buildConsole,
    env: { configDir: join(folder, "config"), configuration: {}, variables: process.env },
    log: pino({ level: process.env["COUNTERSIGN_TEST_LOG"] ?? "silent" }),
  });
}

/** An official MCP client on a task's credential. */
export async function mcpClient(task: TaskClient, mode: "auto" | "legacy" = "auto", server = "files"): Promise<Client> {
  const client = new Client({ name: "test-client", version: "1" }, { versionNegotiation: { mode } });
  const fetch = task.fetch as typeof globalThis.fetch;
  await client.connect(new StreamableHTTPClientTransport(new URL(`${task.gateway}/mcp/${server}`), { fetch }));
  return client;
}

/** The object `D` of a refused call, or null for a call that passed. */
export function refusalOf(result: unknown): {
  decision: string;
  code: string;
  step: string;
  reason: string;
  approval?: string;
  brake?: string;
  entry: string | null;
} | null {
  const meta = (result as { _meta?: Record<string, unknown> })._meta;
  return (meta?.["dev.countersign/decision"] as ReturnType<typeof refusalOf>) ?? null;
}
