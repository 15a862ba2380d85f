import { accessSync, constants } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { Environment } from "../environment.ts";

/** The command with the program's absolute path: the control plane may have another PATH. */
export function absoluteCommand(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, path }: Pick<Environment, "cwd" | "path">,
): readonly [string, ...string[]] {
  if (program.includes("/")) return [isAbsolute(program) ? program : resolve(cwd, program), ...args];
  const found = path.map((folder) => join(folder, program)).find(isProgram);
  return [found ?? program, ...args];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
