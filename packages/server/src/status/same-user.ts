import { readFile, readdir, stat } from "node:fs/promises";
import type { Kernel } from "../kernel.ts";

/** Names of the programs of agents, as the operating system shows them. */
const AGENT_PROGRAMS = new Set([
  "claude",
  "codex",
  "gemini",
  "opencode",
  "cursor-agent",
  "goose",
  "aider",
  "windsurf",
  "copilot",
]);

/**
 * Agents that were seen under the user of this process: tasks opened from here under the same uid, and running programs of known agents.
 * Such an agent can stop the control plane and read what it can read; the operator must know.
 */
export async function sameUserAgents({ store }: Pick<Kernel, "store">): Promise<readonly string[]> {
  const uid = process.getuid?.();
  if (uid === undefined) return [];
  const tasks = await store.find("task", { limit: 200 });
  const opened = tasks.flatMap(({ terms }) => (terms.runtime?.uid === uid ? [terms.runtime.executable] : []));
  return [...new Set([...opened, ...(await runningAgents(uid))])];
}

async function runningAgents(uid: number): Promise<readonly string[]> {
  let pids: string[];
  try {
    pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  } catch {
    // No /proc on this system: what the tasks tell is all there is.
    return [];
  }
  const names = await Promise.all(pids.map(async (pid) => await agentName(pid, uid)));
  return names.filter((name) => name !== null);
}

async function agentName(pid: string, uid: number): Promise<string | null> {
  try {
    if ((await stat(`/proc/${pid}`)).uid !== uid) return null;
    const name = (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
    return AGENT_PROGRAMS.has(name) ? name : null;
  } catch {
    // The process ended while it was looked at.
    return null;
  }
}
