import { AppError, type PostgresTerms } from "@countersign/core";
import type { Query } from "./own-session.ts";
import { quotedName } from "./quoted.ts";

/** Masked columns by `schema.relation`. */
export type Masked = ReadonlyMap<string, ReadonlySet<string>>;

export function maskedOf({ masking }: Pick<PostgresTerms, "masking">): Masked {
  const masked = new Map<string, Set<string>>();
  for (const name of Object.keys(masking)) {
    const [schema = "", relation = "", column = ""] = name.split(".");
    const of = `${schema}.${relation}`;
    masked.set(of, (masked.get(of) ?? new Set()).add(column));
  }
  return masked;
}

export interface MaskedRelation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlySet<string>;
}

/**
 * Gives a role the right to read a relation without its masked columns: no statement of it can name them, in whatever expression, view of the
 * role's own or sort order, because the server itself refuses. Idempotent.
 * @throws AppError `config.invalid` when the role reads such a column by a right that others gave
 */
export async function giveUnmasked(
  query: Query,
  role: { readonly name: string; readonly oid: string },
  { oid, schema, name, columns }: MaskedRelation,
): Promise<void> {
  const rows = await query(
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    [oid],
  );
  const all = rows.map((row) => String(row["name"]));
  const object = `${quotedName(schema)}.${quotedName(name)}`;
  const list = (names: readonly string[]): string => names.map(quotedName).join(", ");
  const hidden = all.filter((column) => columns.has(column));
  const open = all.filter((column) => !columns.has(column));
  if (hidden.length > 0)
    await query(`REVOKE SELECT (${list(hidden)}) ON TABLE ${object} FROM ${quotedName(role.name)}`);
  if (open.length > 0) await query(`GRANT SELECT (${list(open)}) ON TABLE ${object} TO ${quotedName(role.name)}`);
  const readable = await query(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::oid AND attname = ANY ($2::text[])
        AND has_column_privilege($3::oid, attrelid, attnum, 'SELECT')`,
    [oid, hidden, role.oid],
  );
  // INV-2: what is masked and can be read all the same is no state to work in.
  if (readable.length > 0)
    throw new AppError("config.invalid", {
      detail: `\`${schema}.${name}.${String(readable[0]?.["name"])}\` is masked, but everybody may read it; revoke that`,
    });
}
