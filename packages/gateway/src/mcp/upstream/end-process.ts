import type { ChildProcess } from "node:child_process";

/** How long a process may take to leave once its input is closed, and once more after it was asked to. */
const GRACE_MS = 1000;

/**
 * Has everything that `child` started end with it. To be called right after the start of a child that leads its own process group:
 * at the moment of its exit the number of the group is certainly still ours, later it need not be.
 */
export function sweepAtExit(child: ChildProcess): void {
  const { pid } = child;
  if (pid !== undefined) child.once("exit", () => signalGroup(pid, "SIGKILL"));
}

/** Ends a child and its process group: closes its input, asks, then forces. Resolves when the child is gone. */
export async function endProcess(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const ask = setTimeout(() => signalGroup(pid, "SIGTERM"), GRACE_MS);
    const force = setTimeout(() => signalGroup(pid, "SIGKILL"), 2 * GRACE_MS);
    child.once("exit", () => {
      clearTimeout(ask);
      clearTimeout(force);
      resolve();
    });
    child.stdin?.end();
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group is gone already.
  }
}
