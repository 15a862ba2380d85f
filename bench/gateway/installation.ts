import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandLine } from "../../e2e/support/command-line.ts";
import { Person } from "../../e2e/support/person.ts";
import { type TaskClient, Workstation } from "../../e2e/support/workstation.ts";
import { type ReadyChild, startChild } from "../child.ts";

export const AGENT = "bencher";
/** The agent behind the shim: an agent that is known by one executable is asked about when another one acts as it. */
export const SHIM_AGENT = "shim-bencher";
/** The agent behind the hooks, for the same reason. */
export const HOOK_AGENT = "hook-bencher";
const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));

/** `countersign up` in a process of its own, with a person who has signed in and an agent of theirs. */
export interface BenchInstallation {
  readonly pid: number;
  /** A task whose requests are signed as the shim signs them. */
  readonly task: TaskClient;
  /** The command line of the same person on the same machine, signed in. */
  readonly cli: CommandLine;
  close(): Promise<void>;
}

/** Writes a `countersign.yaml` for upstreams that are programs; ports are chosen by the system. JSON is YAML. */
export async function writeConfiguration(
  folder: string,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<string> {
  const resources = { read_text_file: "file:{path}" };
  const upstreams = Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [name, { kind: "mcp", command, resources }]),
  );
  const path = join(folder, "countersign.yaml");
  await writeFile(path, JSON.stringify({ listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" }, upstreams }));
  return path;
}

export async function startInstallation(
  folder: string,
  upstreams: Readonly<Record<string, readonly string[]>>,
): Promise<BenchInstallation> {
  const config = await writeConfiguration(folder, upstreams);
  const up: ReadyChild<{ api: string; setupUrl: string }> = await startChild(
    [LAUNCHER, "up", "--json", "--data", join(folder, "data"), "--config", config],
    { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder } },
  );
  const { api, setupUrl } = up.ready;
  const cli = new CommandLine(folder, { COUNTERSIGN_SERVER: api });
  const { person } = await registered(api, setupUrl);
  await createAgent(person, SHIM_AGENT);
  await createAgent(person, HOOK_AGENT);
  const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
  await person.answer(approvalId);
  const laptop = new Workstation(api);
  await laptop.signIn(person);
  return { pid: up.pid, task: await laptop.openTask(AGENT), cli, close: async () => await up.end() };
}

/** The first human, and an agent that may use every upstream. */
export async function registered(api: string, setupUrl: string): Promise<{ person: Person; agent: string }> {
  const person = new Person(api);
  await person.register(setupUrl, "Bench Person");
  return { person, agent: await createAgent(person, AGENT) };
}

async function createAgent(person: Person, name: string): Promise<string> {
  const { id, approvalId } = await person.json<{ id: string; approvalId: string }>("/v1/agents", {
    name,
    owner: "me",
    purpose: "measure",
    grants: ["mcp:**", "tool:**"].map((action) => ({ action, resource: "**" })),
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
  });
  await person.answer(approvalId);
  return id;
}
