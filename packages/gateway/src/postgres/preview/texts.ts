/** A result as the simple query protocol gives it: every value as the text that PostgreSQL prints. */
export interface Rows {
  readonly rows: readonly (readonly (string | null)[])[];
  /** `COMMIT`, `ROLLBACK`, `SELECT 3`, … */
  readonly tag: string;
}

/** One session of a server, on which texts of ours run one after the other. Rejects with what the server refused, or when it is gone. */
export interface Texts {
  text(sql: string): Promise<Rows>;
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Right whatever `standard_conforming_strings` says. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return quoted.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** What the server said, by its SQLSTATE; null when it did not answer at all. */
export function sqlStateOf(error: unknown): string | null {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}
