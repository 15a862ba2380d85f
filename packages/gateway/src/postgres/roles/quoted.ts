import { AppError } from "@countersign/core";

/** A name as SQL takes it, whatever it holds. @throws AppError `internal.error` for what no name of PostgreSQL can be */
export function quotedName(name: string): string {
  return `"${whole(name).replaceAll('"', '""')}"`;
}

/** A text as SQL takes it under `standard_conforming_strings`. @throws AppError `internal.error` for what no text of PostgreSQL can be */
export function quotedText(text: string): string {
  return `'${whole(text).replaceAll("'", "''")}'`;
}

function whole(text: string): string {
  if (text !== "" && !text.includes("\0") && text.isWellFormed()) return text;
  throw new AppError("internal.error", { detail: "a name of the database is empty or not whole" });
}
