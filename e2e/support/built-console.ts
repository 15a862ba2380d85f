import { fileURLToPath } from "node:url";
import { consoleFolder } from "@countersign/console";
import { buildConsole } from "../../packages/cli/src/console/build-console.ts";

/** Resolves when the console fits its sources, so that no page which is waited for waits for the build. */
export async function builtConsole(): Promise<void> {
  await buildConsole(fileURLToPath(consoleFolder)).done;
}
