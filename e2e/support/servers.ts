import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Postgres, startPostgres } from "../../packages/server/src/testing/index.ts";
import { type Started, startServer, startUp, userEnvironment } from "./launcher.ts";

/** Servers of one installation, each a process with a data directory of its own, on one real PostgreSQL. */
export class Servers {
  readonly folder: string;
  readonly postgres: Postgres;
  readonly env: NodeJS.ProcessEnv;
  private readonly running = new Set<Started>();

  private constructor(folder: string, postgres: Postgres, url: string) {
    this.folder = folder;
    this.postgres = postgres;
    this.env = userEnvironment(folder, { DATABASE_URL: url });
  }

  static async create(): Promise<Servers> {
    const [folder, postgres] = await Promise.all([mkdtemp(join(tmpdir(), "countersign-servers-")), startPostgres()]);
    const servers = new Servers(folder, postgres, await postgres.url("countersign"));
    await servers.configure({});
    return servers;
  }

  /** Keys of the configuration that all have which are started from now on. */
  async configure(config: Record<string, unknown>): Promise<void> {
    const listen = { api: "127.0.0.1:0", gateway: "127.0.0.1:0" };
    await writeFile(this.file, stringify({ listen, approvals: { waitSeconds: 1 }, ...config }));
  }

  get file(): string {
    return join(this.folder, "countersign.yaml");
  }

  data(name: string): string {
    return join(this.folder, name);
  }

  async server(name: string): Promise<Started> {
    return this.started(await startServer(["--data", this.data(name), "--config", this.file], this.env));
  }

  async up(name: string): Promise<Started> {
    return this.started(await startUp(["--data", this.data(name), "--config", this.file], this.env));
  }

  private started(started: Started): Started {
    this.running.add(started);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all([...this.running].map(async (started) => await started.stop("SIGKILL")));
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
