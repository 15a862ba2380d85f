import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Effect, PostgresTerms } from "@countersign/core";
import {
  type CertificateAuthority,
  type SigningKey,
  bundlePem,
  certificateAuthority,
  generateSigningKey,
  issueSvid,
  issueTaskSvid,
  pooledRandom,
  serialNumber,
  toPem,
} from "@countersign/credentials";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import { loadModule, parseSync } from "libpg-query";
import { Client, type ClientConfig } from "pg";
import { type Enforced, enforcedPoint } from "../../packages/gateway/src/mcp/testing/enforced-point.ts";
import { TaskRows } from "../../packages/gateway/src/postgres/ceilings.ts";
import { type PostgresGateway, startPostgresGateway } from "../../packages/gateway/src/postgres/index.ts";
import type { StatementFacts, Verdict } from "../../packages/gateway/src/postgres/judge/verdict.ts";

const random = pooledRandom();
const LOGIN = { user: "task_login", password: "only-known-here" };

/** A real PostgreSQL behind the gateway, with the real decision and a ledger in memory; statements are judged by their kind alone. */
export class Guarded {
  readonly postgres: Postgres;
  readonly enforced: Enforced;
  readonly gateway: PostgresGateway;
  readonly folder: string;
  readonly #ca: CertificateAuthority;

  private constructor(parts: Pick<Guarded, "postgres" | "enforced" | "gateway" | "folder">, ca: CertificateAuthority) {
    Object.assign(this, parts);
    ({ postgres: this.postgres, enforced: this.enforced, gateway: this.gateway, folder: this.folder } = parts);
    this.#ca = ca;
  }

  static async start(): Promise<Guarded> {
    await loadModule();
    const postgres = await startPostgres();
    await postgres.url("billing");
    await postgres.query(`CREATE ROLE ${LOGIN.user} LOGIN PASSWORD '${LOGIN.password}'`);
    await postgres.query(
      `CREATE TABLE people (id int PRIMARY KEY, name text); INSERT INTO people SELECT n, 'name ' || n FROM generate_series(1, 1200) n; GRANT ALL ON people TO ${LOGIN.user}; GRANT CREATE ON SCHEMA public TO ${LOGIN.user}`,
      "billing",
    );
    await postgres.query(
      `CREATE TABLE pgbench_branches(bid int PRIMARY KEY, bbalance int, filler char(88)); CREATE TABLE pgbench_tellers(tid int PRIMARY KEY, bid int, tbalance int, filler char(84)); CREATE TABLE pgbench_accounts(aid int PRIMARY KEY, bid int, abalance int, filler char(84)); CREATE TABLE pgbench_history(tid int, bid int, aid int, delta int, mtime timestamp, filler char(22)); INSERT INTO pgbench_branches VALUES (1, 0); INSERT INTO pgbench_tellers SELECT n, 1, 0 FROM generate_series(1, 10) n; INSERT INTO pgbench_accounts SELECT n, 1, 0 FROM generate_series(1, 100000) n; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${LOGIN.user}`,
      "billing",
    );
    const enforced = await enforcedPoint();
    const terms: PostgresTerms = {
      kind: "postgres",
      url: `postgres://gateway@127.0.0.1:${String(postgres.port)}/billing`,
      password: null,
      tls: "disable",
      critical: [],
      masking: {},
      recording: "durable",
      limits: {},
    };
    enforced.put("upstream", "billing", terms);
    const ca = certificateAuthority(generateSigningKey("P-256"), { trustDomain: "localhost", now: Date.now(), random });
    const bundle = bundlePem({ authorities: [ca.certificate] });
    const gateway = await startPostgresGateway({
      point: enforced.point,
      listen: { host: "127.0.0.1", port: 0 },
      credential: credentialOf(ca),
      trustBundle: bundle,
      openDatabase: async () =>
        await Promise.resolve({
          address: { host: "127.0.0.1", port: postgres.port, database: "billing", tls: null },
          roles: {
            acquire: async () => await Promise.resolve({ ok: true, login: { ...LOGIN, settings: {} } }),
            end: async () => await Promise.resolve({ confirmed: true, terminated: 0, reason: null }),
          },
          judge: judgeByKind,
          rowsOf: () => new TaskRows(),
          openAs: async () => await Promise.reject(new Error("nothing is looked at here")),
          moved: () => undefined,
          preview: async () => await Promise.resolve({ kind: "unknown", reason: "it is not looked at" }),
          close: async () => await Promise.resolve(),
        }),
      log: { debug: () => undefined, warn: console.warn, error: console.error },
    });
    const folder = await mkdtemp(join(tmpdir(), "countersign-pg-gateway-"));
    const guarded = new Guarded({ postgres, enforced, gateway, folder }, ca);
    await writeFile(join(folder, "ca.pem"), bundle);
    await guarded.certify("task", enforced.credential);
    return guarded;
  }

  /** Certificate and key of a task, in files of that name. */
  async certify(name: string, { chain, key }: Pick<Enforced["credential"], "chain" | "key">): Promise<void> {
    const { cert, key: pem } = this.credential({ chain, key });
    await writeFile(join(this.folder, `${name}.pem`), cert);
    await writeFile(join(this.folder, `${name}.key`), pem, { mode: 0o600 });
  }

  credential({ chain, key }: Pick<Enforced["credential"], "chain" | "key">): { cert: string; key: string } {
    const { der } = issueTaskSvid({
      ca: this.#ca,
      subject: { agent: chain.agent, human: null },
      task: chain.task,
      publicKey: key.jwk,
      until: Date.now() + 3_600_000,
      now: Date.now(),
      random,
    });
    return { cert: toPem(der), key: pemOf(key) };
  }

  get port(): number {
    return Number(this.gateway.address.split(":").at(-1));
  }

  environment(name = "task"): Record<string, string> {
    const at = (file: string): string => join(this.folder, file);
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: this.folder,
      PGHOST: "127.0.0.1",
      PGPORT: String(this.port),
      PGDATABASE: "billing",
      PGUSER: "anybody",
      PGSSLMODE: "verify-ca",
      PGSSLROOTCERT: at("ca.pem"),
      PGSSLCERT: at(`${name}.pem`),
      PGSSLKEY: at(`${name}.key`),
    };
  }

  /** Runs a client program; answers what it said, and with which code it ended. */
  async run(program: string, args: readonly string[], input = ""): Promise<{ code: number; out: string; err: string }> {
    return await new Promise((resolve) => {
      const child = execFile(
        program,
        args,
        { env: this.environment(), timeout: 60_000, maxBuffer: 256 * 1024 * 1024 },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 255), out, err }),
      );
      child.stdin?.end(input);
    });
  }

  async psql(...commands: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    return await this.run("psql", ["-XAtq", "-v", "VERBOSITY=verbose", ...commands.flatMap((c) => ["-c", c])]);
  }

  spawnPsql(...args: readonly string[]): ReturnType<typeof spawn> {
    return spawn("psql", ["-XAtq", "-v", "VERBOSITY=verbose", ...args], { env: this.environment() });
  }

  /** A connection of the `pg` driver. */
  client(more: ClientConfig = {}, credential: Enforced["credential"] = this.enforced.credential): Client {
    const ssl = {
      ...this.credential(credential),
      ca: bundlePem({ authorities: [this.#ca.certificate] }),
      checkServerIdentity: () => undefined,
    };
    return new Client({ host: "127.0.0.1", port: this.port, database: "billing", user: "anybody", ssl, ...more });
  }

  /** Resolves when a statement with that text runs at the server. */
  async untilQuery(text: string): Promise<void> {
    for (;;) {
      const query = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND usename = '${LOGIN.user}' AND query LIKE '%${text}%'`;
      if ((await this.postgres.query(query)).length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.enforced.point.stop();
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function credentialOf(ca: CertificateAuthority): () => { cert: string; key: string } {
  const key = generateSigningKey("P-256");
  const der = issueSvid({
    ca,
    publicKey: key.jwk,
    spiffeId: `spiffe://${ca.trustDomain}/point/ep_test`,
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + 3_600_000,
    serial: serialNumber(random),
  });
  return () => ({ cert: toPem(der), key: pemOf(key) });
}

function pemOf({ privateKey }: SigningKey): string {
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  SelectStmt: "read",
  TransactionStmt: "read",
  VariableSetStmt: "read",
  VariableShowStmt: "read",
  ListenStmt: "read",
  NotifyStmt: "read",
  DeallocateStmt: "read",
  DeclareCursorStmt: "read",
  FetchStmt: "read",
  ClosePortalStmt: "read",
  CopyStmt: "write",
  InsertStmt: "write",
  UpdateStmt: "write",
  CreateStmt: "write",
  DropStmt: "destructive",
  VacuumStmt: "write",
  DeleteStmt: "destructive",
  TruncateStmt: "destructive",
};
const ORDER: readonly Effect[] = ["read", "write", "external", "destructive", "unknown"];

/** What each statement is, without a look at the catalogue. */
function judgeByKind(sql: string): Verdict {
  const none = { effects: ["read" as const], reads: [], writes: [], functions: [], statements: [] };
  let kinds: readonly string[];
  try {
    const parsed = parseSync(sql) as { stmts?: readonly { stmt: object }[] };
    kinds = (parsed.stmts ?? []).map(({ stmt }) => Object.keys(stmt)[0] ?? "");
  } catch (error) {
    const fault = { sqlState: "42601", message: (error as Error).message, position: null };
    return { ...none, verdict: "refused", reason: "no SQL", fault, effect: "unknown" };
  }
  if (/set\s+role/i.test(sql))
    return { ...none, verdict: "refused", reason: "another role", fault: null, effect: "unknown" };
  const effects = kinds.map((kind) => EFFECTS[kind] ?? "unknown");
  const effect = effects.reduce((a, b) => (ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b), "read");
  const relations = /people/.test(sql) ? ["public.people"] : [];
  return {
    verdict: effect === "unknown" ? "unknown" : "known",
    reason: null,
    fault: null,
    effect,
    effects: [effect],
    reads: effect === "read" ? relations : [],
    writes: effect === "read" ? [] : relations,
    functions: [],
    statements: kinds.map((kind) => ({ ...FACTS, kind, text: sql })),
  };
}

const FACTS: StatementFacts = {
  kind: "",
  text: "",
  effect: "read",
  relations: [],
  unqualified: false,
  transaction: null,
  copy: null,
  prepares: null,
  executes: null,
  deallocates: null,
  declares: null,
  fetches: null,
  closes: null,
  channel: null,
  settings: [],
  changesCatalogue: false,
  previewable: false,
  notPreviewable: null,
};
