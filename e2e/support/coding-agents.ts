import { execFile, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { AppError } from "@countersign/core";
import { lockDirectory } from "@countersign/server";
import { stringify } from "@decimalturn/toml-patch";
import type { Step } from "./scripted-model.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = join(ROOT, "e2e", "agents");
const PATIENCE_MS = 90_000;

export interface AgentRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A coding agent's own command-line tool, without its vendor: its model is on loopback, its home a folder of the test. */
export interface CodingAgent {
  readonly id: "codex" | "gemini" | "opencode";
  /** Where the client keeps its MCP servers in this home. */
  readonly configFile: (home: string) => string;
  /** What a person has in that file before Countersign: the model, and MCP servers by their names. */
  readonly configure: (
    home: string,
    model: string,
    servers: Readonly<Record<string, readonly string[]>>,
  ) => Promise<void>;
  /** Its own shell, as its model calls it. */
  readonly shell: (command: string) => Step;
  readonly program: string;
  readonly args: (prompt: string) => readonly string[];
  readonly env: (model: string) => Readonly<Record<string, string>>;
}

const bin = (path: string): string => join(FOLDER, "node_modules", path);

const codex: CodingAgent = {
  id: "codex",
  configFile: (home) => join(home, ".codex", "config.toml"),
  configure: async (home, model, servers) => {
    const provider = { name: "mock", base_url: `${model}/v1`, wire_api: "responses" };
    const around = {
      model: "mock",
      model_provider: "mock",
      approval_policy: "never",
      sandbox_mode: "danger-full-access",
    };
    const tables = Object.entries(servers).map(
      ([name, [command = "", ...args]]) => `\n[mcp_servers.${name}]\n${stringify({ command, args })}`,
    );
    const text = [stringify(around), `\n[model_providers.mock]\n${stringify(provider)}`, ...tables].join("");
    await put(codex.configFile(home), text);
  },
  shell: (cmd) => ({ call: /^\/exec_command$/, args: () => ({ cmd }) }),
  program: bin(".bin/codex"),
  args: (prompt) => ["exec", "--skip-git-repo-check", prompt],
  env: () => ({}),
};

const gemini: CodingAgent = {
  id: "gemini",
  configFile: (home) => join(home, ".gemini", "settings.json"),
  configure: async (home, _, servers) => {
    const settings = {
      security: { auth: { selectedType: "gemini-api-key" } },
      mcpServers: eachServer(servers, ([command = "", ...args]) => ({ command, args, trust: true })),
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { enableAutoUpdate: false },
    };
    await put(gemini.configFile(home), JSON.stringify(settings, null, 2));
  },
  shell: (command) => ({ call: /^\/run_shell_command$/, args: () => ({ command }) }),
  program: bin(".bin/gemini"),
  args: (prompt) => ["--yolo", "--skip-trust", "-m", "mock", "-p", prompt],
  env: (model) => ({ GEMINI_API_KEY: "none", GOOGLE_GEMINI_BASE_URL: model }),
};

const opencode: CodingAgent = {
  id: "opencode",
  configFile: (home) => join(home, ".config", "opencode", "opencode.json"),
  configure: async (home, model, servers) => {
    const options = { baseURL: `${model}/v1`, apiKey: "none" };
    const provider = {
      npm: "@ai-sdk/openai-compatible",
      name: "mock",
      options,
      models: { mock: { name: "mock", tool_call: true } },
    };
    const settings = {
      $schema: "https://opencode.ai/config.json",
      autoupdate: false,
      share: "disabled",
      model: "mock/mock",
      small_model: "mock/mock",
      provider: { mock: provider },
      mcp: eachServer(servers, (command) => ({ type: "local", command: [...command], enabled: true })),
    };
    await put(opencode.configFile(home), JSON.stringify(settings, null, 2));
  },
  shell: (command) => ({ call: /^\/bash$/, args: () => ({ command, description: "tidying" }) }),
  program: bin(`opencode-linux-${arch()}/bin/opencode`),
  args: (prompt) => ["run", prompt],
  env: () => ({
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  }),
};

export const CODING_AGENTS: readonly [CodingAgent, ...CodingAgent[]] = [codex, gemini, opencode];

function eachServer<T>(
  servers: Readonly<Record<string, readonly string[]>>,
  entry: (command: readonly string[]) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(servers).map(([name, command]) => [name, entry(command)]));
}

async function put(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { mode: 0o600 });
}

/** Runs one prompt to its end. The agent sees only the home and the folder of the test. */
export async function runAgent(
  agent: CodingAgent,
  at: {
    readonly home: string;
    readonly cwd: string;
    readonly model: string;
    readonly env?: Readonly<Record<string, string>>;
  },
  prompt: string,
): Promise<AgentRun> {
  const { XDG_CACHE_HOME: _, ...own } = process.env;
  const env = { PATH: own["PATH"] ?? "", HOME: at.home, NO_COLOR: "1", CI: "1", ...agent.env(at.model), ...at.env };
  const child = spawn(agent.program, agent.args(prompt), {
    cwd: at.cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/**
 * Installs the agents' packages as the lockfile in `e2e/agents` names them, the first time that a test asks; who asks meanwhile waits.
 * They are made in a folder of their own and moved into place whole, so that a run that ended early leaves no half of them.
 */
export async function installAgents(): Promise<void> {
  const wanted = await readFile(join(FOLDER, "package-lock.json"), "utf8");
  if (await isInstalled(wanted)) return;
  await mkdir(join(ROOT, "out", "agents"), { recursive: true });
  const lock = await locked(join(ROOT, "out", "agents"));
  try {
    if (!(await isInstalled(wanted))) await install(wanted);
  } finally {
    lock.release();
  }
}

async function install(wanted: string): Promise<void> {
  console.log("installing the coding agents for the tests (about 680 MB, once) …");
  const apart = await mkdtemp(join(ROOT, "out", "agents-"));
  for (const name of ["package.json", "package-lock.json", ".npmrc"])
    await copyFile(join(FOLDER, name), join(apart, name));
  await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: apart });
  await writeFile(join(apart, "node_modules", MARK), wanted);
  await rm(join(FOLDER, "node_modules"), { recursive: true, force: true });
  await rename(join(apart, "node_modules"), join(FOLDER, "node_modules"));
  await rm(apart, { recursive: true, force: true });
}

/** Waits until no other process has this folder. */
async function locked(folder: string): Promise<ReturnType<typeof lockDirectory>> {
  for (;;) {
    try {
      return lockDirectory(folder, process.pid);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "data.in_use") throw error;
      await delay(100);
    }
  }
}

const MARK = ".countersign-lock";
async function isInstalled(wanted: string): Promise<boolean> {
  return await readFile(bin(MARK), "utf8").then(
    (found) => found === wanted,
    () => false,
  );
}
