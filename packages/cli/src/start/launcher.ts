import { accessSync, chmodSync, constants, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@countersign/core";
import type { Environment } from "../environment.ts";

/** The launcher of this checkout or package. */
export const OWN_LAUNCHER: string = fileURLToPath(new URL("../../../../bin/countersign", import.meta.url));
const MARK = "# Starts Countersign; written by `countersign`, which may replace it.";

/** Where the command is put for a person: `~/.local/bin/countersign`. */
export function launcherPath({ home }: Pick<Environment, "home">): string {
  return join(home, ".local", "bin", "countersign");
}

/** The path under which clients start this program: the installed command if it is ours and runs, else the launcher itself. */
export function absoluteLauncher(env: Pick<Environment, "home">): string {
  const path = launcherPath(env);
  return isOurs(path) && readLauncher(path) === scriptText() ? path : OWN_LAUNCHER;
}

/** The path under which clients will start it once {@link installLauncher} has run, where it may. */
export function plannedLauncher(env: Pick<Environment, "home">): string {
  return mayInstall(env) ? launcherPath(env) : absoluteLauncher(env);
}

/** True when the command is missing, or is ours and leads elsewhere: it may be written. Somebody else's file is left alone. */
export function mayInstall(env: Pick<Environment, "home">): boolean {
  const path = launcherPath(env);
  const text = readLauncher(path);
  return text === null || (text !== scriptText() && isOurs(path));
}

/** Writes the command, whole or not at all. @throws AppError `config.invalid` when the folder cannot be written */
export function installLauncher(env: Pick<Environment, "home">): string {
  const path = launcherPath(env);
  const draft = `${path}.${String(process.pid)}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, scriptText(), { mode: 0o755, flag: "wx" });
    chmodSync(draft, 0o755);
    renameSync(draft, path);
    return path;
  } catch (error) {
    rmSync(draft, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new AppError("config.invalid", {
      detail: `\`${path}\` cannot be written (${code}); check the folder's owner`,
      cause: error,
    });
  }
}

/** Whether the folder of the command is on the person's PATH. */
export function isOnPath({ home, path }: Pick<Environment, "home" | "path">): boolean {
  return path.includes(dirname(launcherPath({ home })));
}

function scriptText(): string {
  return `#!/bin/sh\n${MARK}\nexec '${OWN_LAUNCHER.replaceAll("'", `'\\''`)}' "$@"\n`;
}

function isOurs(path: string): boolean {
  return readLauncher(path)?.includes(`\n${MARK}\n`) === true && runs(path);
}

function readLauncher(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    return "";
  }
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
