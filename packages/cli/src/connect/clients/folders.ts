import { join } from "node:path";
import type { Surroundings } from "./client.ts";

/** `$XDG_CONFIG_HOME`, or `~/.config`. */
export function xdgConfig({ variables, home }: Surroundings): string {
  return variables["XDG_CONFIG_HOME"] || join(home, ".config");
}

/** Where desktop programs keep their data: Application Support, `%APPDATA%`, or the XDG folder. */
export function userData(around: Surroundings): string {
  const { platform, home, variables } = around;
  if (platform === "darwin") return join(home, "Library", "Application Support");
  if (platform === "win32") return variables["APPDATA"] || join(home, "AppData", "Roaming");
  return xdgConfig(around);
}
