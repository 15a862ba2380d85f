import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { stringify } from "yaml";
import { countersign, userEnvironment } from "../../support/launcher.ts";
import { overSocket } from "../../support/socket.ts";
import { DroppingProxy } from "../dropping-proxy.ts";
import { type Database, startDatabase, waysTo } from "./database.ts";
import { Program } from "./program.ts";
import { WallClock, fakeTimeLibrary } from "./wall-clock.ts";

/** A control plane: its process, its way to each instance of the database, its address. */
export interface ServerNode {
  readonly program: Program;
  readonly database: readonly DroppingProxy[];
  readonly clock: WallClock | null;
  readonly api: string;
  readonly data: string;
}
/** An enforcement point: its process, its way to each server, the address for clients. */
export interface GatewayNode {
  readonly name: string;
  readonly program: Program;
  readonly links: readonly DroppingProxy[];
  readonly clock: WallClock | null;
  readonly url: string;
}

export interface ClusterOptions {
  readonly folder: string;
  readonly servers: number;
  readonly gateways: number;
  /** Whether the database has a synchronous standby. */
  readonly standby?: boolean;
}

const AT_ONCE = 4;
const MOST_TRIES = 5;

/** Servers on one PostgreSQL and gateways, each a process of its own, with a network between them that can be broken. */
export class Cluster {
  readonly database: Database;
  readonly servers: readonly ServerNode[];
  readonly gateways: readonly GatewayNode[];
  readonly env: NodeJS.ProcessEnv;

  private constructor(parts: Pick<Cluster, "database" | "servers" | "gateways" | "env">) {
    this.database = parts.database;
    this.servers = parts.servers;
    this.gateways = parts.gateways;
    this.env = parts.env;
  }

  /** Everything but the processes of ours: these begin with {@link startServers}. */
  static async make(options: ClusterOptions): Promise<Cluster> {
    const { folder } = options;
    await mkdir(join(folder, "logs"), { recursive: true });
    const database = await startDatabase(options.standby ?? false);
    const env = userEnvironment(folder);
    const servers: ServerNode[] = [];
    for (let i = 0; i < options.servers; i += 1)
      servers.push(await serverNode(options, `server-${String(i)}`, database));
    const gateways: GatewayNode[] = [];
    for (let i = 0; i < options.gateways; i += 1)
      gateways.push(await gatewayNode(options, `edge-${String(i)}`, { servers, env }));
    return new Cluster({ database, servers, gateways, env });
  }

  /** Answers the link with which the first human is set up. */
  async startServers(): Promise<string> {
    const [first, ...others] = this.servers;
    const ready = await first?.program.start();
    await Promise.all(others.map(async ({ program }) => await program.start()));
    return String(ready?.["setupUrl"]);
  }

  /** Proposes the upstream `notes`, as an operator does; answers what is to be signed. */
  async addUpstream(url: string): Promise<string> {
    const tools = ["look=read", "note=write"].flatMap((effect) => ["--effect", effect]);
    const resources = ["look", "note"].flatMap((tool) => ["--resource", `${tool}=https://notes.example/{note}`]);
    const place = ["--data", this.servers[0]?.data ?? "", "--json"];
    const ran = await countersign(
      ["upstream", "add", "notes", "--url", url, ...tools, ...resources, ...place],
      this.env,
    );
    const [last = "{}"] = ran.stdout.trim().split("\n").slice(-1);
    const { approvalId } = JSON.parse(last) as { readonly approvalId?: string };
    if (approvalId === undefined) throw new Error(`the upstream was not proposed: ${ran.stderr}`);
    return approvalId;
  }

  /** Gives each gateway its identity. */
  async joinGateways(): Promise<void> {
    const waiting = [...this.gateways];
    const next = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await this.join(one);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  /** A gateway that a busy machine did not answer in time ends; it is started again, with another token. */
  private async join({ name, program }: GatewayNode): Promise<void> {
    const socket = join(this.servers[0]?.data ?? "", "control.sock");
    const { args } = program;
    for (let tries = 1; ; tries += 1) {
      const { json } = await overSocket(socket, "/v1/points/tokens", { name });
      program.args = [...args, "--join", String(json["token"])];
      try {
        await program.start();
        program.args = args;
        return;
      } catch (error) {
        if (tries >= MOST_TRIES) throw error;
      }
    }
  }

  async close(): Promise<void> {
    const programs = [...this.servers, ...this.gateways].map(({ program }) => program);
    for (const program of programs) program.resume();
    await Promise.all(programs.map(async (program) => await program.end("SIGKILL")));
    const proxies = [
      ...this.servers.flatMap(({ database }) => database),
      ...this.gateways.flatMap(({ links }) => links),
    ];
    await Promise.all(proxies.map(async (proxy) => await proxy.close()));
    await this.database.stop();
  }
}

async function serverNode(options: ClusterOptions, name: string, database: Database): Promise<ServerNode> {
  const { folder } = options;
  const port = await freePort();
  const { url, ways } = await waysTo(database);
  const config = join(folder, `${name}.yaml`);
  const data = join(folder, name);
  await writeFile(
    config,
    stringify({
      publicUrl: "http://localhost:7330",
      listen: { api: `127.0.0.1:${String(port)}` },
    }),
  );
  const clock = clockOf(folder, name);
  const program = new Program({
    name,
    args: ["server", "--json", "--data", data, "--config", config],
    env: { ...userEnvironment(folder, { DATABASE_URL: url, COUNTERSIGN_LOG: "warn" }), ...clock?.env },
    log: join(folder, "logs", `${name}.log`),
  });
  return { program, clock, database: ways, api: `http://127.0.0.1:${String(port)}`, data };
}

async function gatewayNode(
  { folder }: ClusterOptions,
  name: string,
  { servers, env }: { readonly servers: readonly ServerNode[]; readonly env: NodeJS.ProcessEnv },
): Promise<GatewayNode> {
  const links = await Promise.all(
    servers.map(async ({ api }) => await DroppingProxy.open({ host: "127.0.0.1", port: Number(new URL(api).port) })),
  );
  const listen = `127.0.0.1:${String(await freePort())}`;
  const addresses = links.map(({ port }) => `http://127.0.0.1:${String(port)}`).join(",");
  const clock = clockOf(folder, name);
  const program = new Program({
    name,
    args: ["gateway", "--json", "--server", addresses, "--data", join(folder, name), "--listen", listen],
    env: { ...env, ...clock?.env, COUNTERSIGN_LOG: "warn" },
    log: join(folder, "logs", `${name}.log`),
  });
  return { name, program, links, clock, url: `http://${listen}` };
}

function clockOf(folder: string, name: string): WallClock | null {
  const library = fakeTimeLibrary();
  return library === null ? null : new WallClock(join(folder, `${name}.clock`), library);
}

/** Below the ports that the kernel gives to connections, so that nobody takes it while a process is started again. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await once(server.close(), "close");
    return port;
  }
}
