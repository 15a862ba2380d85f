import { spawn } from "node:child_process";
import type { Environment } from "./environment.ts";

/**
 * Shows a page in the person's browser, in the background. False when this machine has no display, or the address is not one of a
 * page. Whether a browser really came up cannot be known: the address is always printed as well.
 */
export function openPage(url: string, env: Pick<Environment, "hasDisplay" | "platform">): boolean {
  if (!env.hasDisplay || !/^https?:\/\//.test(url)) return false;
  const child = spawn(env.platform === "darwin" ? "open" : "xdg-open", [url], { detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
  return true;
}
