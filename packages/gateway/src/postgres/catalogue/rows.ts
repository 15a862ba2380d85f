/** Rows of the queries, by name of the query. */
export type Rows = Readonly<Record<string, readonly Row[]>>;
export type Row = Readonly<Record<string, unknown>>;

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** OIDs come as text: they are unsigned, and PostgreSQL's clients read them in several ways. */
export function oid(value: unknown): number {
  return typeof value === "string" ? Number(value) : 0;
}

/** Those that name something. */
export function oids(value: unknown): readonly number[] {
  return texts(value)
    .map(Number)
    .filter((item) => item !== 0);
}

export function flag(value: unknown): boolean {
  return value === true;
}
