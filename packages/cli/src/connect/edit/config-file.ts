import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import { AppError, type Json } from "@countersign/core";
import { FORMATS, type FormatName } from "./formats.ts";

export type { FormatName } from "./formats.ts";

export interface EditFile {
  /** Absolute. May be a link to a file below one of the roots. */
  readonly path: string;
  readonly format: FormatName;
}

/** For whom, and where. */
export interface EditPlace {
  /** The client that the file belongs to: its id names the backups. */
  readonly owner: string;
  /** `$XDG_STATE_HOME/countersign`: backups go to `connect/<owner>/` below it, 0600. */
  readonly stateDir: string;
  /** Folders in which a file may really lie: the home, the project, what an environment variable of the client names. */
  readonly roots: readonly string[];
}

/** What stands on the disk, and what it means. */
export interface ConfigText {
  readonly file: EditFile;
  /** The file itself, links followed. */
  readonly target: string;
  /** Null: there is no such file yet. */
  readonly bytes: Buffer | null;
  /** Without the byte order mark. */
  readonly text: string;
  readonly mark: "" | "\uFEFF";
  readonly value: Json;
  /** Of the file as it was read; null when there is none. */
  readonly mode: number | null;
}

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads and parses a configuration file.
 * @throws AppError `config.invalid` naming file, line and column: not readable, not a regular file, a link that leads out of
 * the roots, too large, not UTF-8, not valid in its format. Nothing that stands in the file is quoted (INV-9).
 */
export function readConfig(file: EditFile, place: EditPlace): ConfigText {
  const target = followed(file.path, place.roots);
  const found = readRegular(file.path, target);
  const format = FORMATS[file.format];
  if (found === null) return { file, target, bytes: null, text: "", mark: "", value: {}, mode: null };
  const whole = decoded(file.path, found.bytes);
  const mark = whole.startsWith("\uFEFF") ? "\uFEFF" : "";
  const text = whole.slice(mark.length);
  const read = format.read(text);
  if (!read.ok) {
    const where = `${file.path}:${String(read.line)}:${String(read.column)}`;
    throw refused(`\`${where}\` ${read.why}; correct it there, nothing was changed`);
  }
  return { file, target, text, mark, value: read.value, ...found };
}

export function refused(detail: string, cause?: unknown): AppError {
  return new AppError("config.invalid", { detail, ...(cause === undefined ? {} : { cause }) });
}

/** The text of the system's error: its code, never more. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "error";
}

/** Where the file really is. A link is followed, so that it stays a link; it may not lead out of the roots. */
function followed(path: string, roots: readonly string[]): string {
  if (!isAbsolute(path)) throw refused(`\`${path}\` is not an absolute path; name the file from the root`);
  const target =
    real(path) ?? join(real(dirname(path)) ?? deepest(dirname(path)), path.slice(dirname(path).length + 1));
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && real(path) === null) {
    throw refused(`\`${path}\` is a link that leads nowhere; repair or remove it`);
  }
  if (roots.some((root) => isBelow(target, real(root) ?? root))) return target;
  throw refused(`\`${path}\` leads to \`${target}\`, outside of your folders; put the file itself in its place`);
}

/** Of folders that are not there yet: the real path of those that are. */
function deepest(folder: string): string {
  const above = dirname(folder);
  const there = real(above);
  const name = folder.slice(above.length + (above.endsWith(sep) ? 0 : 1));
  if (there !== null || above === folder) return join(there ?? above, name);
  return join(deepest(above), name);
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function real(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw refused(`\`${path}\` cannot be followed (${code}); check the links and rights on the way`, error);
  }
}

/** `O_NOFOLLOW` and `O_NONBLOCK`: neither a link put there meanwhile nor a pipe catches us. */
function readRegular(path: string, target: string): { bytes: Buffer; mode: number } | null {
  let fd: number;
  try {
    fd = openSync(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw refused(`\`${path}\` cannot be read (${code}); make it readable`, error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw refused(`\`${path}\` is not a regular file; put one in its place`);
    if (stat.size > MAX_BYTES)
      throw refused(`\`${path}\` is larger than ${String(MAX_BYTES >> 20)} MiB; make it smaller`);
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(fd, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return { bytes: bytes.subarray(0, length), mode: stat.mode & 0o7777 };
  } finally {
    closeSync(fd);
  }
}

function decoded(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw refused(`\`${path}\` is not UTF-8 text; save it as UTF-8`, error);
  }
}
