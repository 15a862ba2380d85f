import { createRequire, syncBuiltinESMExports } from "node:module";
import { type EditPlace, planEdits, writePlans } from "../edit/index.ts";

/** Changes a file and is killed just before, or just after, the new one takes the place of the old one. */
const [path = "", stateDir = "", when = ""] = process.argv.slice(2);
const fs = createRequire(import.meta.url)("node:fs") as { renameSync: (from: string, to: string) => void };
const { renameSync } = fs;
fs.renameSync = (from, to) => {
  if (when === "after") renameSync(from, to);
  process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
const place: EditPlace = { owner: "codex", stateDir, roots: ["/"] };
writePlans([planEdits({ path, format: "toml" }, [{ kind: "set", path: ["model"], value: "new" }], place)]);
