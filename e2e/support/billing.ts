import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { Installation } from "./installation.ts";
import { libpqEnvironment } from "./libpq.ts";
import type { Person } from "./person.ts";
import type { TaskClient, Workstation } from "./workstation.ts";

const PASSWORD = "own-login-for-tests";
/** What an operator gives the gateway's login (docs/operate/postgres-gateway.md). */
const RIGHTS = `GRANT CONNECT ON DATABASE billing TO countersign_gateway WITH GRANT OPTION;
  GRANT USAGE ON SCHEMA public TO countersign_gateway WITH GRANT OPTION;
  GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO countersign_gateway WITH GRANT OPTION`;

export interface BillingOptions {
  /** What the database has beside 1,200 executives. */
  readonly sql?: string;
  /** Further terms of the upstream. */
  readonly terms?: Readonly<Record<string, unknown>>;
  readonly grants: readonly object[];
}
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An installation that guards a real PostgreSQL by the name `billing`, with a person, their laptop and the agent `coder`. */
export class Billing {
  readonly postgres: Postgres;
  readonly here: Installation;
  readonly alice: Person;
  readonly laptop: Workstation;
  readonly agent: string;
  readonly folder: string;
  private readonly environments = new Map<string, Promise<Record<string, string>>>();

  private constructor(parts: Pick<Billing, "postgres" | "here" | "alice" | "laptop" | "agent" | "folder">) {
    ({ postgres: this.postgres, here: this.here, alice: this.alice } = parts);
    ({ laptop: this.laptop, agent: this.agent, folder: this.folder } = parts);
  }

  static async start({ sql = "", terms = {}, grants }: BillingOptions): Promise<Billing> {
    const postgres = await startPostgres();
    await postgres.url("billing");
    await postgres.query(`CREATE ROLE countersign_gateway LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
    await postgres.query(
      `CREATE TABLE executives (id int PRIMARY KEY, name text);
       INSERT INTO executives SELECT n, 'executive ' || n FROM generate_series(1, 1200) n; ${sql}; ${RIGHTS}`,
      "billing",
    );
    const folder = await mkdtemp(join(tmpdir(), "countersign-billing-"));
    await writeFile(join(folder, "password"), PASSWORD);
    const url = `postgres://127.0.0.1:${String(postgres.port)}/billing`;
    const billing = {
      kind: "postgres",
      url,
      password: { fromFile: join(folder, "password") },
      tls: "disable",
      ...terms,
    };
    const here = await Installation.create({
      beside: { billing },
      config: { listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0", postgres: "127.0.0.1:0" } },
    });
    const { alice, laptop } = await here.people();
    const agent = await here.agent(alice, { grants: [...grants] });
    return new Billing({ postgres, here, alice, laptop, agent, folder });
  }

  async environment(task: TaskClient): Promise<Record<string, string>> {
    const known = this.environments.get(task.id);
    if (known !== undefined) return await known;
    const { composed } = this.here;
    const address = { api: composed.api, postgres: composed.postgres() ?? "", database: "billing" };
    const made = libpqEnvironment(this.folder, { laptop: this.laptop, task }, address);
    this.environments.set(task.id, made);
    return await made;
  }

  /** Runs psql as a task. */
  async psql(task: TaskClient, ...commands: readonly string[]): Promise<Said> {
    const env = await this.environment(task);
    const args = ["-XAt", "-v", "VERBOSITY=verbose", ...commands.flatMap((command) => ["-c", command])];
    return await new Promise((resolve) => {
      execFile("psql", args, { env, timeout: 60_000 }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 255), out, err }),
      );
    });
  }

  async close(): Promise<void> {
    await this.here.close();
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
