import { inFolder, pathsOf } from "../files.ts";
import type { ShellWord } from "../shell-word.ts";
import { mayReachSteering, steersLaterCommands } from "../steering.ts";
import type { CommandContext } from "../verdict.ts";

/** The first name under which a source may land in a folder, and that is never a mere write; the source itself where only the shell knows. */
export function landing(
  sources: readonly ShellWord[],
  targets: readonly (ShellWord | null)[],
  { folders, home }: CommandContext,
): string | null {
  const into = targets.flatMap((word) => {
    const paths = word === null ? null : pathsOf(word, folders);
    return paths?.ok === true ? paths.names.map((name) => name.replace(/\/\*\*$/, "") || "/") : [];
  });
  const itself = into.find((path) => steersLaterCommands(path, home));
  if (itself !== undefined) return itself;
  for (const source of sources) {
    if (source.kind === "pattern" && into.some((folder) => mayReachSteering(source, folder, home))) return source.shown;
    const name = source.value.replace(/\/+$/, "").split("/").at(-1) ?? "";
    const found = into.find((folder) => steersLaterCommands(inFolder(folder, name), home));
    if (found !== undefined) return inFolder(found, name);
  }
  return null;
}
