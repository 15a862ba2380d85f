import { type Effect, normalizeResource } from "@countersign/core";
import type { JudgedResource } from "./judgement.ts";
import type { ShellWord } from "./shell-word.ts";

/** Folders that the shell may be in; null: not known. */
export type Folders = readonly string[] | null;

export type NamedFiles =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** Names that no rule reads as the system does: control characters, backslashes, and forms that Unicode folds together. */
const ODD = /[\u0000-\u001f\u007f\\]/;

/** The absolute paths that a word may mean, `/folder/**` for anything below. Refuses what is not known before the shell runs. */
export function pathsOf(word: ShellWord, folders: Folders): NamedFiles {
  const { kind, value } = word;
  if (kind === "dynamic") return { ok: false, reason: `which file \`${word.shown}\` is only the shell knows` };
  if (ODD.test(value) || value.normalize("NFC") !== value || (kind === "plain" && value === ""))
    return { ok: false, reason: `\`${word.shown}\` is not a plain file name` };
  const path = kind === "plain" ? value : value.slice(0, value.lastIndexOf("/") + 1);
  const wide = kind === "pattern" || /[*?]/.test(value);
  const known = kind === "plain" && wide ? value.slice(0, value.search(/[^/]*[*?]/)) : path;
  if (known.startsWith("/")) return { ok: true, names: [nameOf(known, wide)] };
  if (folders === null) return { ok: false, reason: `\`${word.shown}\` lies in a folder that only the shell knows` };
  return { ok: true, names: folders.map((folder) => nameOf(`${folder}/${known}`, wide)) };
}

function nameOf(path: string, wide: boolean): string {
  const normal = normalizeResource(`file:${path}`).slice("file:".length);
  if (!wide) return normal;
  return normal === "/" ? "/**" : `${normal}/**`;
}

/** All that lies below a path. */
export function allBelow(path: string): string {
  if (path.endsWith("/**")) return path;
  return path === "/" ? "/**" : `${path}/**`;
}

/** A path and all that lies below it. */
export function withAllBelow(path: string): readonly string[] {
  return [...new Set([path, allBelow(path)])];
}

/**
 * Whether to write there is to change what later commands run, read or are allowed: settings of shells, of git and of agents, programs, devices.
 * INV-12: such a file would loosen everything after it, so writing it is never a mere write.
 */
export function steersLaterCommands(path: string, home: string): boolean {
  if (SYSTEM.test(path) || STEERING_FILE.test(path)) return true;
  const place = path.replace(WORKTREE, "/");
  if (path.startsWith(`${home}/`) && /^(?:\.|bin\/|go\/bin\/)/.test(place.slice(home.length + 1))) return true;
  return STEERING_FOLDER.test(place);
}

/** Also what is hidden in the administrator's home. */
const SYSTEM =
  /^\/(?:root\/\.|(?:dev|proc|sys|etc|usr|bin|sbin|lib\w*|boot|opt|var\/spool|System|Library|Applications)(?:\/|$))/;
/** Where agents keep the folders that they work in. */
const WORKTREE = /\/\.(?:claude|codex|cursor|gemini)\/worktrees\/[^/]+\//;
/** `HEAD` makes a folder a repository, whose settings git obeys. */
const STEERING_FOLDER =
  /\/(?:\.git|\.husky|\.githooks|\.claude|\.codex|\.cursor|\.gemini|\.opencode|\.goose|\.vscode|\.idea|\.zed|\.windsurf|HEAD|\.bin)(?:\/|$)/;
const STEERING_FILE =
  /\/(?:\.envrc|\.gitattributes|\.gitmodules|\.gitconfig|\.mcp\.json|\.npmrc|\.yarnrc(?:\.yml)?|\.pre-commit-config\.yaml|lefthook\.ya?ml|sitecustomize\.py|\.ripgreprc|\.curlrc|\.wgetrc|\.(?:ba|z)sh\w+|\.profile)$/;

/** The resource of a path. */
export function fileResource(path: string, effect: Effect): JudgedResource {
  return { resource: `file:${path}`, effect };
}
