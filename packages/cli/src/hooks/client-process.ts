import { readFileSync } from "node:fs";

const SHELLS = new Set(["sh", "dash", "bash", "zsh", "ash", "ksh", "fish", "busybox"]);
const FAR = 8;

/**
 * The process that called a hook: the first one above it that is not just the shell in which the client runs its hooks. Null where that
 * cannot be read. `proc` is another folder in tests.
 */
export function clientProcess(parent: number, proc = "/proc"): number | null {
  let pid = parent;
  for (let far = 0; far < FAR; far += 1) {
    const stat = statOf(pid, proc);
    if (stat === null) return null;
    if (!SHELLS.has(stat.name)) return pid;
    pid = stat.parent;
  }
  return null;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Name and parent of a process. The name stands in parentheses and may hold some itself. */
function statOf(pid: number, proc: string): { readonly name: string; readonly parent: number } | null {
  if (!Number.isSafeInteger(pid) || pid <= 1) return null;
  try {
    const text = readFileSync(`${proc}/${String(pid)}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    const name = text.slice(text.indexOf("(") + 1, end);
    return { name, parent: Number(text.slice(end + 2).split(" ")[1]) };
  } catch {
    return null;
  }
}
