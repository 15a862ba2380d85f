import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";

/**
 * Preload (`node --import ./tools/record-packages.ts …`): when the process ends, the file named by
 * COUNTERSIGN_PACKAGES_FILE holds the folder of every third-party package that this thread imported or required, as a JSON list.
 */
const file = process.env["COUNTERSIGN_PACKAGES_FILE"];
const folders = new Set<string>();
const PACKAGE = /^file:\/\/(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

registerHooks({
  load(url, context, nextLoad) {
    const folder = PACKAGE.exec(url)?.[1];
    if (folder !== undefined) folders.add(decodeURIComponent(folder));
    return nextLoad(url, context);
  },
});
process.on("exit", () => {
  if (file !== undefined) writeFileSync(file, JSON.stringify([...folders].sort()));
});
