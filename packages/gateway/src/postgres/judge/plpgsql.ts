import { readPlpgsql, readText } from "./read-text.ts";
import { type Scope, ended } from "./scope.ts";
import { type Tree, type Value, isTree, word } from "./tree.ts";

/** Statements of PL/pgSQL that do no more than the expressions and statements inside of them. */
const PLAIN: ReadonlySet<string> = new Set(
  (
    "block assign if case loop while fori fors forc foreach_a exit return return_next return_query raise assert execsql open fetch close " +
    "perform call getdiag"
  ).split(" "),
);
/** `RAW_PARSE_DEFAULT`: a whole statement; 2: an expression; 3 to 5: an assignment. */
const [STATEMENT, EXPRESSION] = [0, 2];

/** What a PL/pgSQL function does, from its CREATE statement: the SQL in it is judged, SQL that it puts together itself is unknown. */
export function judgePlpgsql(scope: Scope, definition: string): void {
  const read = readPlpgsql(definition);
  if (read === null) scope.found.doubt("the body of a function can't be read");
  else visit(scope, read);
}

function visit(scope: Scope, value: Value): void {
  if (Array.isArray(value)) {
    for (const part of value as readonly Value[]) visit(scope, part);
    return;
  }
  if (!isTree(value)) return;
  for (const [name, part] of Object.entries(value)) {
    if (!isTree(part)) {
      if (Array.isArray(part)) visit(scope, part);
      continue;
    }
    if (name === "PLpgSQL_expr") expression(scope, part);
    else if (name === "PLpgSQL_type") declared(scope, word(part["typname"]));
    else {
      if (name.startsWith("PLpgSQL_stmt_")) statement(scope, name.slice("PLpgSQL_stmt_".length), part);
      visit(scope, part);
    }
  }
}

function statement({ found }: Scope, kind: string, content: Tree): void {
  if (kind === "commit" || kind === "rollback") found.lasting ??= "a procedure that ends the transaction";
  else if (kind.startsWith("dyn") || content["dynquery"] !== undefined)
    found.doubt("a function puts SQL together while it runs");
  else if (!PLAIN.has(kind)) found.doubt(`a function holds a statement that is not known (${kind})`);
}

function expression(scope: Scope, content: Tree): void {
  const query = word(content["query"]);
  const mode = typeof content["parseMode"] === "number" ? content["parseMode"] : STATEMENT;
  if (mode === STATEMENT) judgeText(scope, query);
  else if (mode === EXPRESSION) judgeText(scope, `SELECT ${query}`);
  else {
    // `target := value`: a cut at the wrong place leaves a half that does not parse.
    const at = query.includes(":=") ? query.indexOf(":=") : query.indexOf("=");
    judgeText(scope, `SELECT ${query.slice(0, at)}`);
    judgeText(scope, `SELECT ${query.slice(query.startsWith(":=", at) ? at + 2 : at + 1)}`);
  }
}

function judgeText(scope: Scope, text: string): void {
  const read = readText(text);
  if (!read.ok) scope.found.doubt("SQL inside of a function can't be read");
  else {
    for (const { tree } of read.statements) scope.judge.statement({ ...scope, aliases: new Map() }, tree);
    ended(scope);
  }
}

/** A declared type: what is assigned to the variable becomes a value of it. */
function declared(scope: Scope, name: string): void {
  if (name === "" || name === "UNKNOWN" || /%(row)?type$/i.test(name.trim())) return;
  judgeText({ ...scope, runs: scope.runs }, `SELECT NULL::${name.trim()}`);
}
