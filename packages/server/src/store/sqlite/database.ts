import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@countersign/core";
import { faultOf, isSqliteError } from "./fault.ts";
import { MIGRATIONS } from "./migrations.ts";

export const DATABASE = "countersign.db";
/** How long another program's lock on the database is waited for. */
const BUSY_MS = 1000;

/** Makes the data directory if need be: 0700, durable, and with an empty database file 0600 in it. Throws `config.invalid` or `data.full`. */
export function prepareDirectory(path: string): void {
  try {
    prepare(path);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    if (reason === "ENOSPC" || reason === "EDQUOT")
      throw new AppError("data.full", { detail: `no space for data directory \`${path}\`; make space`, cause: error });
    throw new AppError("config.invalid", {
      detail: `data directory \`${path}\` cannot be used (${reason}); name a folder of your own`,
      cause: error,
    });
  }
}

function prepare(path: string): void {
  const made = makeFolders(path);
  chmodSync(path, 0o700);
  const file = join(path, DATABASE);
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  syncDirectory(path);
  if (made === undefined) return;
  for (let child = path; child.length >= made.length; child = dirname(child)) syncDirectory(dirname(child));
}

/** Makes a folder with its parents; the first that was made, or undefined. Where a file system refuses as if the parent were missing, Node's own recursion never ends. */
function makeFolders(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
  const above = dirname(path) === path ? undefined : makeFolders(dirname(path));
  mkdirSync(path, { mode: 0o700 });
  return above ?? path;
}

/** Opens the database to write, checks its pages, and brings it to the present schema. Throws `data.damaged` or `data.full`. */
export function openForWriting(path: string): DatabaseSync {
  const db = open(join(path, DATABASE), false);
  return guarded(db, () => {
    db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000",
    );
    // What is deleted must not stay readable in free space: blobs hold keys of persons.
    db.exec("PRAGMA secure_delete = ON; PRAGMA recursive_triggers = ON");
    // Checkpoints run after a group was answered, and their errors are seen.
    db.exec("PRAGMA wal_autocheckpoint = 0");
    checkPages(db, join(path, DATABASE));
    migrate(db);
    // A sync that failed in a former run may have left pages that only look clean: copying the whole log writes them again.
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return db;
  });
}

/** Opens the database beside the writer, to read only. */
export function openForReading(path: string): DatabaseSync {
  const db = open(join(path, DATABASE), true);
  return guarded(db, () => {
    db.exec("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY");
    return db;
  });
}

function open(file: string, readOnly: boolean): DatabaseSync {
  return new DatabaseSync(file, { readOnly, timeout: BUSY_MS, enableForeignKeyConstraints: true });
}

function guarded<T>(db: DatabaseSync, action: () => T): T {
  try {
    return action();
  } catch (error) {
    db.close();
    if (!isSqliteError(error)) throw error;
    const { code, detail } = faultOf(error);
    throw new AppError(code === "internal.error" ? "data.damaged" : code, { detail, cause: error });
  }
}

/** Pages of a file beyond this are not read at each start: the check of everything stored reads them, beside the work. */
const QUICK_BYTES = 256 * 1024 * 1024;

function checkPages(db: DatabaseSync, path: string): void {
  if (statSync(path).size > QUICK_BYTES) return;
  const found = db.prepare("PRAGMA quick_check(1)").get() as { readonly quick_check: string };
  if (found.quick_check === "ok") return;
  throw new AppError("data.damaged", {
    detail: `the database is damaged: ${found.quick_check}; restore it from a copy`,
  });
}

function migrate(db: DatabaseSync): void {
  const { user_version: present } = db.prepare("PRAGMA user_version").get() as { readonly user_version: number };
  if (present > MIGRATIONS.length) {
    throw new AppError("data.damaged", { detail: "the database was written by a newer version; start that version" });
  }
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index >= present) db.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${String(index + 1)}; COMMIT`);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
