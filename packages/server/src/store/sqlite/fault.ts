import type { Failure } from "../packed.ts";

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const CONSTRAINT = 19;
const FULL = 13;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const BUSY = 5;
const LOCKED = 6;

export interface SqliteFault extends Failure {
  /** True when this connection must write no more: it can't be known what reached the disk. */
  readonly fatal: boolean;
  /** True when the rows themselves were refused: the other commits of the group are not to blame. */
  readonly refused: boolean;
}

/** True for an error of `node:sqlite`; `errcode` is SQLite's extended result code. */
export function isSqliteError(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

/** What an error while writing means for the caller and for the store. */
export function faultOf(error: unknown): SqliteFault {
  if (!isSqliteError(error))
    return { code: "internal.error", detail: "the store refused a commit", fatal: false, refused: true };
  switch (error.errcode & 0xff) {
    case FULL:
      return {
        code: "data.full",
        detail: "the disk of the data directory is full; make space",
        fatal: false,
        refused: false,
      };
    case CORRUPT:
    case NOT_A_DATABASE:
      return {
        code: "data.damaged",
        detail: `the database is damaged: ${error.message}; restore it from a copy`,
        fatal: true,
        refused: false,
      };
    case BUSY:
    case LOCKED:
      return { code: "ledger.unavailable", detail: "another program holds the database", fatal: false, refused: false };
    case CONSTRAINT:
      return {
        code: "internal.error",
        detail: `the store refused a commit: ${error.message}`,
        fatal: false,
        refused: true,
      };
    default:
      // After a failed write or sync nobody knows what the disk holds: a second try may "succeed" without having written.
      return {
        code: "ledger.unavailable",
        detail: `the disk failed (${error.message}); check it and start again`,
        fatal: true,
        refused: false,
      };
  }
}

/** True when a row with that key was there already. */
export function isDuplicate(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode === 2067 || error.errcode === 1555);
}
