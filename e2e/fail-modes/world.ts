import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clocks } from "@countersign/enforce";
import type { Client } from "@modelcontextprotocol/client";
import { pino } from "pino";
import { stringify } from "yaml";
import { type RunningGateway, composeGateway } from "../../packages/cli/src/compose-gateway.ts";
import { type Composed, compose } from "../../packages/cli/src/compose.ts";
import { type GatewayIdentity, loadIdentity } from "../../packages/cli/src/gateway/identity-file.ts";
import { joinGateway } from "../../packages/cli/src/gateway/join-gateway.ts";
import { MACHINE_CLOCKS } from "../../packages/cli/src/machine-clocks.ts";
import type { Postgres } from "../../packages/server/src/testing/index.ts";
import { BreakingProxy } from "../support/breaking-proxy.ts";
import { builtConsole } from "../support/built-console.ts";
import { fileServer, mcpClient, refusalOf } from "../support/installation.ts";
import { Person } from "../support/person.ts";
import { overSocket } from "../support/socket.ts";
import { type TaskClient, Workstation } from "../support/workstation.ts";

const UPSTREAM = fileURLToPath(new URL("../support/moody-upstream.ts", import.meta.url));
const log = pino({ level: process.env["COUNTERSIGN_TEST_LOG"] ?? "silent" });
/** So that an upstream which says nothing is given up while somebody watches. */
const limits = { callMs: 1000 };

/** Clocks that can be set, beside those of the machine. */
export class SetClocks {
  wall = 0;
  uptime = 0;
  readonly clocks: Clocks = {
    monotonicMs: MACHINE_CLOCKS.monotonicMs,
    wallMs: (): number => MACHINE_CLOCKS.wallMs() + this.wall,
    uptimeMs: (): number => MACHINE_CLOCKS.uptimeMs() + this.uptime,
  };
}

/** What somebody meets who acts: the code of a refusal, or that it went on. */
export type MetNow = string;

/** Somebody who acts at one point: through MCP, and with the hands of a coding agent. */
export class Actor {
  readonly task: TaskClient;
  readonly files: Client;
  readonly moody: Client;
  readonly folder: string;
  private uses = 0;

  private constructor(task: TaskClient, clients: { files: Client; moody: Client }, folder: string) {
    this.task = task;
    this.files = clients.files;
    this.moody = clients.moody;
    this.folder = folder;
  }

  static async of(task: TaskClient, folder: string): Promise<Actor> {
    const [files, moody] = [await mcpClient(task), await mcpClient(task, "auto", "moody")];
    return new Actor(task, { files, moody }, folder);
  }

  async reads(): Promise<MetNow> {
    return await met(this.files, "read_text_file", { path: join(this.folder, "a.txt") });
  }

  /** INV-6: what was refused has not happened. */
  async writes(): Promise<MetNow> {
    const path = join(this.folder, `made-${randomUUID()}`);
    return unlessDone(await met(this.files, "create_directory", { path }), path);
  }

  /** Something graver, which needs a signature. */
  async overwrites(): Promise<Met> {
    const path = join(this.folder, `written-${randomUUID()}`);
    const met = await call(this.files, "write_file", { path, content: "x" });
    return { ...met, code: unlessDone(met.code, path) };
  }

  /** Asks again for a call that was held. */
  async waits(approval: string): Promise<MetNow> {
    return await met(this.files, "countersign_wait", { approval });
  }

  async looks(): Promise<MetNow> {
    return await met(this.moody, "look", {});
  }

  async changes(): Promise<MetNow> {
    return await met(this.moody, "change", {});
  }

  /** A command of the agent's shell, as the hook of a client asks for it. */
  async shell(command: string): Promise<MetNow> {
    this.uses += 1;
    const payload = {
      session_id: "s1",
      transcript_path: "/dev/null",
      cwd: this.folder,
      permission_mode: "default",
      hook_event_name: "PreToolUse",
      tool_name: "Bash",
      tool_input: { command },
      tool_use_id: `toolu_${String(this.uses)}`,
    };
    const response = await this.task.fetch(`${this.task.gateway}/hooks/claude-code`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ payload, home: "/home/nobody", servers: [] }),
    });
    const body = (await response.json()) as { decision?: string; code?: string; refusal?: { code: string } };
    if (response.ok && body.decision === "permit") return "goes on";
    return body.refusal?.code ?? body.code ?? JSON.stringify(body);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.files.close(), this.moody.close()]);
  }
}

interface Met {
  readonly code: MetNow;
  readonly approval: string | null;
}

function unlessDone(code: MetNow, path: string): MetNow {
  return code !== "goes on" && existsSync(path) ? `${code}, and was done` : code;
}

async function met(client: Client, name: string, args: Record<string, unknown>): Promise<MetNow> {
  return (await call(client, name, args)).code;
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Met> {
  try {
    const result = await client.callTool({ name, arguments: args });
    const refusal = refusalOf(result);
    if (refusal !== null) return { code: refusal.code, approval: refusal.approval ?? null };
    return { code: result.isError === true ? JSON.stringify(result.content) : "goes on", approval: null };
  } catch (error) {
    return { code: codeWithin(error), approval: null };
  }
}

/** A refusal of the connection itself: an error of the protocol or of HTTP that carries the code. */
function codeWithin(error: unknown): string {
  const { data } = error as { data?: { code?: string } };
  return data?.code ?? /[a-z]+\.[a-z_]+/.exec(String(error))?.[0] ?? String(error);
}

export interface WorldOptions {
  /** Holds the database; else it is the embedded one. */
  readonly postgres?: Postgres;
  /** Instead of a folder of its own. */
  readonly data?: string;
  readonly gatewayData?: string;
  readonly spoolEntries?: number;
  /** Builds the console if it is older than its sources. */
  readonly buildConsole?: boolean;
}

/** A control plane with its own gateway, and one that has joined over a wire that can be broken. All parts are real. */
export class World {
  readonly folder: string;
  readonly options: WorldOptions;
  readonly ownClocks: SetClocks = new SetClocks();
  readonly joinedClocks: SetClocks = new SetClocks();
  readonly told: string[] = [];
  composed!: Composed;
  gateway!: RunningGateway;
  wire!: BreakingProxy;
  alice!: Person;
  laptop!: Workstation;
  own!: Actor;
  joined!: Actor;
  private identity!: GatewayIdentity;
  private readonly ending = new AbortController();

  private constructor(folder: string, options: WorldOptions) {
    this.folder = folder;
    this.options = options;
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), "countersign-fail-"));
    const world = new World(folder, options);
    await world.start();
    return world;
  }

  get files(): string {
    return join(this.folder, "files");
  }
  get data(): string {
    return this.options.data ?? join(this.folder, "data");
  }
  get gatewayData(): string {
    return this.options.gatewayData ?? join(this.folder, "edge");
  }

  /** @throws Error when the database is the embedded one */
  get postgres(): Postgres {
    const { postgres } = this.options;
    if (postgres === undefined) throw new Error("there is no PostgreSQL in this world");
    return postgres;
  }

  async mood(mood: "ok" | "gone" | "silent" | "garbage"): Promise<void> {
    await writeFile(join(this.folder, "mood"), mood);
  }

  private async start(): Promise<void> {
    await mkdir(this.files);
    await writeFile(join(this.files, "a.txt"), "hello");
    await this.mood("ok");
    await this.configure();
    const variables = { ...process.env };
    if (this.options.buildConsole === true) await builtConsole();
    const databaseUrl = await this.options.postgres?.url("countersign");
    this.composed = await compose({
      dataDir: this.data,
      configFile: join(this.folder, "countersign.yaml"),
      url: null,
      tls: null,
      behindProxy: false,
      env: {
        configDir: join(this.folder, "config"),
        configuration: databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl },
        variables,
      },
      log,
      buildConsole: this.options.buildConsole ?? false,
      clocks: this.ownClocks.clocks,
      limits,
    });
    this.wire = await BreakingProxy.before(Number(new URL(this.composed.api).port));
    await this.people();
    await this.join();
    await this.startGateway();
    this.own = await this.actor();
    this.joined = await this.actor("edge");
  }

  private async configure(): Promise<void> {
    const resources = { write_file: "file:{path}", read_text_file: "file:{path}", create_directory: "file:{path}" };
    const files = { kind: "mcp", command: fileServer(this.files), resources, effects: { create_directory: "write" } };
    const command = [process.execPath, UPSTREAM, join(this.folder, "mood")];
    const moody = { kind: "mcp", command, effects: { change: "write" } };
    const config = {
      listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" },
      upstreams: { files, moody },
      approvals: { waitSeconds: 0.5, expirySeconds: 3 },
      lease: { seconds: 5, renewSeconds: 1, marginMs: 500 },
    };
    await writeFile(join(this.folder, "countersign.yaml"), stringify(config));
  }

  private async people(): Promise<void> {
    this.alice = new Person(this.composed.api);
    await this.alice.register(this.composed.setupUrl ?? "", "Alice Example");
    this.laptop = new Workstation(this.composed.api);
    await this.laptop.signIn(this.alice);
    const all = ["mcp:files/*", "mcp:moody/*", "tool:claude-code/*"];
    const created = await this.alice.json<{ approvalId: string }>("/v1/agents", {
      name: "coder",
      owner: "me",
      purpose: "keep the records tidy",
      grants: all.map((action) => ({ action, resource: "**" })),
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await this.alice.answer(created.approvalId);
  }

  private async join(): Promise<void> {
    const { token } = await this.alice.json<{ token: string }>("/v1/points/tokens", { name: "edge" });
    await joinGateway({
      servers: [this.composed.api],
      token,
      name: null,
      directory: this.gatewayData,
      base: this.folder,
      now: Date.now,
    });
    const identity = loadIdentity(this.gatewayData);
    if (identity === null) throw new Error("the gateway has no identity");
    this.identity = identity;
  }

  /** Ends the gateway and starts it again, as an operator would. */
  async restartGateway(): Promise<void> {
    await this.joined.close();
    await this.gateway.close();
    await this.startGateway();
    this.joined = await this.actor("edge");
  }

  private async startGateway(): Promise<void> {
    const { spoolEntries } = this.options;
    this.gateway = await composeGateway({
      identity: this.identity,
      directory: this.gatewayData,
      servers: [`http://127.0.0.1:${String(this.wire.port)}`],
      listen: { host: "127.0.0.1", port: 0 },
      url: null,
      env: { configDir: join(this.folder, "config"), variables: process.env },
      log,
      tell: (state) => void this.told.push(JSON.stringify(state)),
      signal: this.ending.signal,
      clocks: this.joinedClocks.clocks,
      limits,
      // What was merged leaves the disk by whole segments, and counts until then.
      ...(spoolEntries === undefined ? {} : { spoolLimits: { entries: spoolEntries, segmentBytes: 16_384 } }),
    });
  }

  private async actor(gateway?: string): Promise<Actor> {
    const task = await this.laptop.openTask("coder", gateway === undefined ? {} : { gateway });
    return await Actor.of(task, this.files);
  }

  /** What `/readyz` of the server, or of the gateway, says. */
  async ready(point: "own" | "joined"): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`${point === "own" ? this.composed.api : this.gateway.url}/readyz`);
    return { status: response.status, body: await response.text() };
  }

  /** How a check of `doctor` stands. */
  async check(name: string): Promise<string> {
    const { json } = await overSocket(join(this.data, "control.sock"), "/v1/doctor");
    const checks = json["checks"] as readonly { name: string; level: string }[];
    return checks.find((check) => check.name === name)?.level ?? "missing";
  }

  /** Frames of the gateway's spool that are not merged. */
  async spooled(): Promise<number> {
    const text = await (await fetch(`${this.gateway.url}/metrics`)).text();
    return Number(/^countersign_gateway_spool_frames (\d+)$/m.exec(text)?.[1]);
  }

  /** Publishes a policy set by signature; answers how to bring the former one back. */
  async publish(text: string): Promise<() => Promise<void>> {
    const { policies } = await this.alice.json<{ policies: { status: string; text: string }[] }>("/v1/policies");
    const former = policies.find(({ status }) => status === "active")?.text ?? "";
    const { approvalId } = await this.alice.json<{ approvalId: string }>("/v1/policies", { text });
    await this.alice.answer(approvalId);
    return async () => void (await this.publish(former));
  }

  async close(): Promise<void> {
    this.ending.abort();
    await Promise.all([this.own.close(), this.joined.close()]);
    await this.gateway.close();
    await this.wire.close();
    await this.composed.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
