import { hasSqlDetails, parsePlPgSQLSync, parseSync } from "libpg-query";
import { nestingBound } from "./nesting-bound.ts";
import { type Tree, type Value, list, tree } from "./tree.ts";
import type { TextFault } from "./verdict.ts";

/** A text is at most this long … */
export const TEXT_BYTES_MAX = 1_048_576;
/** … has at most so many statements … */
export const STATEMENTS_MAX = 1_000;
/** … and its tree is at most so deep. */
export const DEPTH_MAX = 800;
/** The parser's stack holds some 5,000 operators in a row. */
const NESTING_MAX = 1_500;

export interface ReadStatement {
  readonly tree: Value;
  readonly text: string;
}
export type ReadText =
  | { readonly ok: true; readonly statements: readonly ReadStatement[] }
  | { readonly ok: false; readonly fault: TextFault };

/** The statements of a text as PostgreSQL's own grammar reads them. `loadModule` of libpg-query has to have run. Never throws. */
export function readText(text: string): ReadText {
  if (text.includes("\0")) return no("22021", 'invalid byte sequence for encoding "UTF8": 0x00');
  const bytes = Buffer.from(text);
  if (bytes.length > TEXT_BYTES_MAX) return no("54000", "the statement is too long");
  if (/^\s*$/.test(text)) return { ok: true, statements: [] };
  if (nestingBound(text) > NESTING_MAX) return no("54001", "the statement is nested too deep");
  try {
    const statements = list(tree(parseSync(text) as unknown as Tree)["stmts"]);
    if (statements.length > STATEMENTS_MAX) return no("54000", "the text has too many statements");
    if (deeperThan(statements, DEPTH_MAX)) return no("54001", "the statement is nested too deep");
    return { ok: true, statements: statements.map((raw) => statementOf(tree(raw), bytes)) };
  } catch (error) {
    if (!hasSqlDetails(error)) return no("54001", "the statement is nested too deep");
    const { message, cursorPosition } = error.sqlDetails ?? { message: error.message, cursorPosition: -1 };
    const deep = /memory exhausted|stack depth/.test(message);
    return no(deep ? "54001" : "42601", message, cursorPosition >= 0 ? cursorPosition + 1 : null);
  }
}

/** The body of a PL/pgSQL function from its CREATE statement, null if it can't be read. */
export function readPlpgsql(definition: string): Tree | null {
  // The body stands within a dollar quote, which the bound passes over.
  if (nestingBound(definition.replaceAll("$", " ")) > NESTING_MAX) return null;
  try {
    const read = parsePlPgSQLSync(definition) as unknown as Tree;
    return deeperThan(read, DEPTH_MAX) ? null : read;
  } catch {
    // Whatever it was: what could not be read is unknown to the caller, never harmless.
    return null;
  }
}

function no(sqlState: string, message: string, position: number | null = null): ReadText {
  return { ok: false, fault: { sqlState, message, position } };
}

function statementOf(raw: Tree, bytes: Buffer): ReadStatement {
  const start = typeof raw["stmt_location"] === "number" ? raw["stmt_location"] : 0;
  const length = typeof raw["stmt_len"] === "number" && raw["stmt_len"] > 0 ? raw["stmt_len"] : bytes.length - start;
  const text = bytes.subarray(start, start + length).toString();
  return { tree: raw["stmt"], text: text.trim() };
}

/** Without recursion: what is measured here must not be able to end the measuring. */
function deeperThan(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let at = 0; level.length > 0; at += 1) {
    if (at > depth * 2) return true;
    level = level.flatMap((item) =>
      typeof item === "object" && item !== null
        ? (Object.values(item) as unknown[]).filter((part) => typeof part === "object" && part !== null)
        : [],
    );
  }
  return false;
}
