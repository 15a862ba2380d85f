import { AppError } from "@countersign/core";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import { SCHEMA, type Session } from "./session.ts";

export interface SchemaState {
  /** How many migrations the database has. */
  readonly schema: number;
  /** How many a program must know to work with it. */
  readonly needs: number;
}

/** What a program that knows `known` migrations has to do. @throws AppError `data.damaged` when the database is beyond it */
export function isOlder({ schema, needs }: SchemaState, known: number = MIGRATIONS.length): boolean {
  if (needs > known)
    throw new AppError("data.damaged", { detail: "the database was written by a newer version; start that version" });
  return schema < known;
}

export async function schemaState(session: Session): Promise<SchemaState> {
  const [found] = await session.rows<{ readonly there: string | null }>("SELECT to_regclass($1)::text AS there", [
    `${SCHEMA}.head`,
  ]);
  if (found === undefined || found.there === null) return { schema: 0, needs: 0 };
  const [state] = await session.rows<SchemaState>("SELECT schema, needs FROM head");
  return state ?? { schema: 0, needs: 0 };
}

/** Brings the database to the schema of this program; nobody else may do so meanwhile. */
export async function migrate(session: Session, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const state = await schemaState(session);
  if (!isOlder(state, migrations.length)) return;
  if (state.schema === 0) await session.script(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
  for (const [i, { sql, needs }] of migrations.entries()) {
    if (i < state.schema) continue;
    const lock = i === 0 ? "" : "SELECT 1 FROM head FOR UPDATE;";
    await session.script(
      `BEGIN; ${lock} ${sql}; UPDATE head SET schema = ${String(i + 1)}, needs = greatest(needs, ${String(needs)}); COMMIT`,
    );
  }
}
