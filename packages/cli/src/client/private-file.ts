import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, type Json, parseJson } from "@countersign/core";

const LIMITS = { sizeBytes: 65_536, depth: 16 };

/**
 * Reads a small JSON file of the user's side; null when there is none.
 * @throws AppError `config.invalid` when it is there but cannot be used; what stands in it is not quoted (INV-9).
 */
export function readPrivateJson(path: string): Json | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new AppError("config.invalid", {
      detail: `\`${path}\` cannot be read (${code ?? "error"}); make it readable or remove it`,
    });
  }
  const parsed = parseJson(bytes, LIMITS);
  if (parsed.ok) return parsed.value;
  throw new AppError("config.invalid", { detail: `\`${path}\` is not valid JSON; correct or remove it` });
}

/** Writes it whole or not at all; only this user can read it (file 0600, folder 0700). */
export function writePrivateJson(path: string, value: Json): void {
  // The process id keeps two writers apart: each renames a file of its own.
  const draft = `${path}.${String(process.pid)}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new AppError("config.invalid", {
      detail: `\`${path}\` cannot be written (${code}); check the folder's owner and space`,
      cause: error,
    });
  }
}

/** Removes it; no error when it is gone already. */
export function removePrivateFile(path: string): void {
  rmSync(path, { force: true });
}
