import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { absoluteLauncher } from "./launcher.ts";

/** How this program is called from any folder: `countersign` when it is on PATH, else the whole way to it. */
export function programName(env: Pick<Environment, "path" | "home">): string {
  if (env.path.some((folder) => isExecutable(join(folder, "countersign")))) return "countersign";
  return absoluteLauncher(env);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
