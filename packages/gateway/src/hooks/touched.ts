import { EFFECTS, type Effect, type Json, type JsonObject, normalizeResource } from "@countersign/core";
import { inFolder } from "./shell/files.ts";
import { steersLaterCommands } from "./shell/steering.ts";

/** A place that a tool touches, with what it does there. */
export interface Touched {
  readonly resource: string;
  readonly effect: Effect;
}
/** Where a tool works: absolute paths. */
export interface Place {
  readonly cwd: string;
  readonly home: string;
}
export type NamedPlaces =
  | { readonly ok: true; readonly touched: readonly Touched[] }
  | { readonly ok: false; readonly reason: string };

const ODD = /[\u0000-\u001f\u007f\\]/;
const MAX_CHARS = 4096;

/** The files that these members of a tool's input name. Refuses what is no plain path; none at all is nothing. */
export function filesOf(input: JsonObject, members: readonly string[], at: Place & { effect: Effect }): NamedPlaces {
  const touched: Touched[] = [];
  for (const member of members) {
    if (!Object.hasOwn(input, member) || input[member] === null) continue;
    const file = fileOf(input[member], at);
    if (file === null) return { ok: false, reason: `\`${member}\` is not a plain path` };
    touched.push(file);
  }
  return { ok: true, touched };
}

/**
 * One file, by its absolute path in normal form. INV-12: to write settings of shells, of git or of agents changes what later commands may do,
 * so that is never a mere write.
 */
export function fileOf(path: Json | undefined, { cwd, home, effect }: Place & { effect: Effect }): Touched | null {
  const absolute = absolutePath(path, { cwd, home });
  if (absolute === null) return null;
  const graver = effect === "write" && steersLaterCommands(absolute, home) ? "unknown" : effect;
  return { resource: `file:${absolute}`, effect: graver };
}

/** The path as an absolute one without `.`, `..` and `//`; null for what programs read in different ways. */
export function absolutePath(path: Json | undefined, { cwd, home }: Place): string | null {
  if (typeof path !== "string" || path === "" || path.length > MAX_CHARS || ODD.test(path)) return null;
  if (path.trim() !== path || path.normalize("NFC") !== path || /^\w+:\/\//.test(path)) return null;
  const expanded = path === "~" || path.startsWith("~/") ? `${home}${path.slice(1)}` : path;
  const absolute = expanded.startsWith("/") ? expanded : inFolder(cwd, expanded);
  return normalizeResource(`file:${absolute}`).slice("file:".length);
}

/** A folder with everything in it. */
export function wholeFolder(path: string): string {
  return path === "/" ? "file:/**" : `file:${path}/**`;
}

/**
 * The distinct resources of a use, the gravest first. The folder in which the client works counts as everything in it, which is how grants
 * name it.
 */
export function distinctResources(touched: readonly Touched[], cwd: string): readonly string[] {
  const sorted = touched.toSorted((a, b) => EFFECTS.indexOf(b.effect) - EFFECTS.indexOf(a.effect));
  return [...new Set(sorted.map(({ resource }) => (resource === `file:${cwd}` ? wholeFolder(cwd) : resource)))];
}
