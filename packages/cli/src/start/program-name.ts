import { accessSync, constants } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../environment.ts";

/** How this program is called from where the person stands: `countersign` when it is on PATH, else the way to it. */
export function programName(env: Pick<Environment, "path" | "cwd">): string {
  if (env.path.some((folder) => isExecutable(join(folder, "countersign")))) return "countersign";
  const launcher = fileURLToPath(new URL("../../../../bin/countersign", import.meta.url));
  const fromHere = relative(env.cwd, launcher);
  const near = !fromHere.startsWith("..") && resolve(env.cwd, fromHere) === launcher;
  return near ? fromHere : launcher;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
