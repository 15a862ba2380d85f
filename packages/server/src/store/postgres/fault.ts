import { AppError } from "@countersign/core";
import type { Failure } from "../packed.ts";

export interface PostgresFault extends Failure {
  /** True when the rows themselves were refused: the other commits of the group are not to blame. */
  readonly refused: boolean;
  /** True when a row with that key was there already. */
  readonly duplicate: boolean;
}

/** SQLSTATE of an error that the server sent (postgresql.org/docs/current/errcodes-appendix.html); null for all others. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && "severity" in (error as Error) ? code : null;
}

/** What an error of the database means for the caller. The text of an error holds no values of rows: those stand in its detail, which is left out. */
export function faultOf(error: unknown): PostgresFault {
  if (error instanceof AppError) return fault(error.code, error.detail ?? error.message);
  const state = sqlState(error);
  const message = error instanceof Error ? error.message : "unknown error";
  if (state === null) return fault("ledger.unavailable", `the database cannot be reached (${message})`);
  const said = `${message}, SQLSTATE ${state}`;
  switch (state.slice(0, 2)) {
    case "22":
    case "23":
      return {
        ...fault("internal.error", `the store refused a commit: ${said}`),
        refused: true,
        duplicate: state === "23505",
      };
    case "53":
      return fault(state === "53100" ? "data.full" : "ledger.unavailable", `the database has no room left (${said})`);
    case "XX":
      return fault("data.damaged", `the database is damaged: ${said}; restore it from a copy`);
    case "42":
      return fault("ledger.unavailable", `the database refuses this server (${said}); look at the rights of its role`);
    default:
      return fault("ledger.unavailable", `the database did not do it (${said})`);
  }
}

export function errorFrom(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, detail } = faultOf(error);
  return new AppError(code, { detail });
}

function fault(code: PostgresFault["code"], detail: string): PostgresFault {
  return { code, detail, refused: false, duplicate: false };
}
