import type { Touched } from "./touched.ts";
import { type Place, fileOf } from "./touched.ts";

const HEADER = /^\*\*\* (Add File|Update File|Delete File|Move to): (.+)$/;

/** The files that a patch in the form of `apply_patch` names; null when it names none, or one that is no plain path. */
export function filesOfPatch(patch: unknown, at: Place): readonly Touched[] | null {
  if (typeof patch !== "string") return null;
  const touched: Touched[] = [];
  for (const line of patch.split("\n")) {
    const [, act, path] = HEADER.exec(line.trim()) ?? [];
    if (path === undefined) continue;
    // Whoever applies the patch goes up from where a link leads.
    if (/(?:^|\/)\.\.(?:\/|$)/.test(path.trim())) return null;
    const file = fileOf(path.trim(), { ...at, effect: act === "Delete File" ? "destructive" : "write" });
    if (file === null) return null;
    touched.push(file);
  }
  return touched.length === 0 ? null : touched;
}

const HEREDOC = /^\s*apply_patch\s+<<\s*(?:(['"])(\w+)\1|(\w+))[ \t]*\n([\s\S]*)\n(\w+)\s*$/;

/**
 * The patch of a command line that does nothing but give one to `apply_patch`: Codex applies it itself instead of asking a shell. Null for
 * anything else, also for a text in which a shell would have something to expand.
 */
export function patchInShell(command: unknown): string | null {
  const [, , quoted, bare, body, end] = (typeof command === "string" ? HEREDOC.exec(command) : null) ?? [];
  if (body === undefined || end !== (quoted ?? bare)) return null;
  if (body.split("\n").includes(end ?? "")) return null;
  return quoted === undefined && /[$`\\]/.test(body) ? null : body;
}
