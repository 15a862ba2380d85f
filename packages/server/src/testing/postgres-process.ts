import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { type PostgresFiles, postgresFiles } from "./postgres-files.ts";

/** Superuser of the instances, which listen on the loopback address alone. */
export const USER = "countersign";
export const PASSWORD = "only-for-tests";

const START_MS = 30_000;
const SETTINGS = [
  "listen_addresses = '127.0.0.1'",
  "unix_socket_directories = ''",
  "max_connections = 200",
  "shared_buffers = 32MB",
  "log_checkpoints = off",
  // After a crash one call instead of one for every file.
  "recovery_init_sync_method = syncfs",
];
/** Ends PostgreSQL as soon as whoever started it is gone, however it went. */
const KEEPER = 'exec 3<&0; "$@" </dev/null & p=$!; (cat <&3 >/dev/null; kill -QUIT $p 2>/dev/null) & wait $p';

/** One PostgreSQL: a folder with its data, a port, and the process while it runs. */
export class PostgresProcess {
  readonly port: number;
  readonly data: string;
  private readonly folder: string;
  private readonly files: PostgresFiles;
  private keeper: ChildProcess | null = null;

  private constructor(folder: string, port: number, files: PostgresFiles) {
    this.folder = folder;
    this.data = join(folder, "data");
    this.port = port;
    this.files = files;
  }

  /** A new one that is not started yet. */
  static async make(settings: readonly string[] = [], from: PostgresFiles = postgresFiles()): Promise<PostgresProcess> {
    const made = await PostgresProcess.empty(from);
    const passwordFile = join(made.folder, "password");
    writeFileSync(passwordFile, PASSWORD);
    made.give(passwordFile);
    // The collation of the database is not that of the code: an order that the store leaves to it would show.
    const locale = ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C"];
    const options = ["-D", made.data, "-U", USER, "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"];
    const { bin, user } = made.files;
    execFileSync(join(bin, "initdb"), [...options, ...locale], { ...user, env: {}, cwd: made.folder, stdio: "pipe" });
    made.configure([...SETTINGS, ...settings]);
    return made;
  }

  /** A copy of this one's data, which must not be running. */
  async copy(settings: readonly string[]): Promise<PostgresProcess> {
    const made = await PostgresProcess.empty(this.files);
    cpSync(this.data, made.data, { recursive: true, preserveTimestamps: true });
    chmodSync(made.data, 0o700);
    made.giveAll(made.data);
    made.configure(settings);
    return made;
  }

  private static async empty(files: PostgresFiles): Promise<PostgresProcess> {
    const folder = mkdtempSync(join(tmpdir(), "countersign-pg-"));
    const made = new PostgresProcess(folder, await freePort(), files);
    made.give(folder);
    return made;
  }

  /** Adds lines to its configuration, for its next start or {@link reload}. */
  configure(lines: readonly string[]): void {
    this.write("postgresql.auto.conf", `${lines.join("\n")}\n`, "a");
  }

  write(name: string, text: string, flag: "w" | "a" = "w"): void {
    const path = join(this.data, name);
    writeFileSync(path, text, { flag, mode: 0o600 });
    this.give(path);
  }

  reload(): void {
    process.kill(this.pid(), "SIGHUP");
  }

  async start(): Promise<void> {
    const { bin, user } = this.files;
    const command = [join(bin, "postgres"), "-D", this.data, "-p", String(this.port)];
    const keeper = spawn("/bin/sh", ["-c", KEEPER, "sh", ...command], {
      ...user,
      env: {},
      cwd: this.folder,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.keeper = keeper;
    let said = "";
    const listen = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-4000));
    keeper.stdout.on("data", listen);
    keeper.stderr.on("data", listen);
    keeper.on("exit", () => keeper.stdin.destroy());
    const until = performance.now() + START_MS;
    while (!(await this.answers())) {
      if (keeper.exitCode !== null) throw new Error(`PostgreSQL did not start: ${said}`);
      if (performance.now() > until) throw new Error(`PostgreSQL does not answer: ${said}`);
      await delay(20);
    }
  }

  /** Ends it in order: what is under way is rolled back. */
  async stop(): Promise<void> {
    await this.end(() => process.kill(this.pid(), "SIGINT"));
  }

  /** Ends every process of it at once, as a machine that loses power would; the disk keeps what the kernel has. */
  async kill9(): Promise<void> {
    const pid = this.pid();
    // Stopped first, so that it starts nobody while its children are counted.
    process.kill(pid, "SIGSTOP");
    const children = childrenOf(pid);
    await this.end(() => {
      for (const child of children) endIfThere(child);
      process.kill(pid, "SIGKILL");
    });
    while (children.some(isThere)) await delay(5);
  }

  /** Removes the data; stops it first. */
  async remove(): Promise<void> {
    if (this.isRunning()) await this.end(() => process.kill(this.pid(), "SIGQUIT"));
    await rm(this.folder, { recursive: true, force: true });
  }

  isRunning(): boolean {
    return this.keeper !== null && this.keeper.exitCode === null && this.keeper.signalCode === null;
  }

  /** Runs statements in one of its databases. */
  async query(text: string, database = "postgres"): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ host: "127.0.0.1", port: this.port, user: USER, password: PASSWORD, database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Of its first process. */
  pid(): number {
    return Number(readFileSync(join(this.data, "postmaster.pid"), "utf8").split("\n")[0]);
  }

  private async end(how: () => void): Promise<void> {
    const { keeper } = this;
    if (keeper === null || !this.isRunning()) return;
    const ended = once(keeper, "exit");
    how();
    await ended;
    this.keeper = null;
  }

  private async answers(): Promise<boolean> {
    try {
      await this.query("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }

  private give(path: string): void {
    const { uid, gid } = this.files.user;
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  }

  private giveAll(folder: string): void {
    this.give(folder);
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
      this.give(join(entry.parentPath, entry.name));
  }
}

/** Below the ports that the kernel gives to connections, so that nobody takes it while PostgreSQL restarts. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

function childrenOf(parent: number): readonly number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === parent)
    .map(Number);
}

/** A process that is dead and not yet fetched by its parent is not there. */
function isThere(pid: number): boolean {
  return !["Z", "X", undefined].includes(statOf(String(pid))?.[0]);
}

function parentOf(pid: string): number | null {
  const stat = statOf(pid);
  return stat === null ? null : Number(stat[1]);
}

/** State, parent … of a process (proc(5)); null: there is none. */
function statOf(pid: string): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
