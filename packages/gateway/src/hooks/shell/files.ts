import { type Effect, normalizeResource } from "@countersign/core";
import type { JudgedResource } from "./judgement.ts";
import type { ShellWord } from "./shell-word.ts";

/** Folders that the shell may be in, a `/` at the end where {@link mayBeLink}; null: not known. */
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
  if (!isPlainName(value) || (kind === "plain" && value === ""))
    return { ok: false, reason: `\`${word.shown}\` is not a plain file name` };
  const path = kind === "plain" ? value : value.slice(0, value.lastIndexOf("/") + 1);
  const wide = kind === "pattern" || /[*?]/.test(value);
  const known = kind === "plain" && wide ? value.slice(0, value.search(/[^/]*[*?]/)) : path;
  if (known.startsWith("/")) return { ok: true, names: [nameOf(known, wide)] };
  return inFolders(word, folders, { known, wide });
}

function inFolders(
  { shown }: ShellWord,
  folders: Folders,
  { known, wide }: { readonly known: string; readonly wide: boolean },
): NamedFiles {
  if (folders === null) return { ok: false, reason: `\`${shown}\` lies in a folder that only the shell knows` };
  if (GOES_UP.test(known) && folders.some(mayBeLink))
    return { ok: false, reason: `\`${shown}\` lies above a folder that may be a link` };
  return { ok: true, names: folders.map((folder) => nameOf(inFolder(folder, known), wide)) };
}

/** It begins with `..`. */
const GOES_UP = /^(?:\.?\/)*\.\.(?:\/|$)/;

/** A folder that was gone into by its name. If that is a link, `..` leads elsewhere than it reads. */
export function entered(folder: string): string {
  return `${folder.replace(/\/+$/, "")}/`;
}

function mayBeLink(folder: string): boolean {
  return folder !== "/" && folder.endsWith("/");
}

/** A relative path from a folder on. */
export function inFolder(folder: string, path: string): string {
  return folder.endsWith("/") ? `${folder}${path}` : `${folder}/${path}`;
}

/** After a name that may be a link, `..` leads elsewhere than it reads; below `/proc` lie other names for everything. */
const ELSEWHERE =
  /(?:^|\/)(?!\.{1,2}(?:\/|$))[^/]+\/(?:\.?\/)*\.\.(?:\/|$)|^\/+(?:\.?\/)*proc\/+[^/]+\/+(?:root|cwd|fd|task)(?:\/|$)/;

function isPlainName(value: string): boolean {
  return !ODD.test(value) && value.normalize("NFC") === value && !ELSEWHERE.test(value);
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

/** The resource of a path. */
export function fileResource(path: string, effect: Effect): JudgedResource {
  return { resource: `file:${path}`, effect };
}
