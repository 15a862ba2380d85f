import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

const GSETTINGS = "/usr/bin/gsettings";
const LONGEST_IDLE_SECONDS = 900;

/**
 * True when the GNOME desktop locks within 15 minutes. Other desktops keep this elsewhere and a server has no screen: `unknown`.
 */
export async function readScreenLock(machine: Machine): Promise<PostureFact> {
  if (!(await hasGnomeSession(machine))) return unknown("no GNOME session of this user runs");
  const [lock, idle] = await Promise.all([
    machine.run(GSETTINGS, ["get", "org.gnome.desktop.screensaver", "lock-enabled"]),
    machine.run(GSETTINGS, ["get", "org.gnome.desktop.session", "idle-delay"]),
  ]);
  const idleSeconds = /^uint32 (\d+)\s*$/.exec(idle ?? "")?.[1];
  if (lock === null || idleSeconds === undefined) return unknown(`${GSETTINGS} cannot be read`);
  const seconds = Number(idleSeconds);
  return fact(lock.trim() === "true" && seconds >= 1 && seconds <= LONGEST_IDLE_SECONDS, GSETTINGS);
}

async function hasGnomeSession(machine: Machine): Promise<boolean> {
  const pids = ((await machine.list("/proc")) ?? []).filter((name) => /^\d+$/.test(name));
  const mine = await Promise.all(
    pids.map(async (pid) => {
      if ((await machine.read(`/proc/${pid}/comm`))?.toString("utf8").trim() !== "gnome-shell") return false;
      const status = (await machine.read(`/proc/${pid}/status`))?.toString("utf8") ?? "";
      return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === machine.uid;
    }),
  );
  return mine.includes(true);
}
