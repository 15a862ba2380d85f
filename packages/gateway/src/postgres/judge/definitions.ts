import { readText } from "./read-text.ts";
import { type Scope, first, stored } from "./scope.ts";
import { type Value, list, node, tree } from "./tree.ts";

/** Texts of the catalogue come again with each statement; so do their trees. */
const READ = new Map<string, readonly Value[] | null>();
const READ_MAX = 5_000;

/** A query that the catalogue holds: that of a view, printed with an empty search path. */
export function walkDefinition(scope: Scope, text: string): void {
  const statements = definitionStatements(text);
  if (statements === null) scope.found.doubt("a definition in the catalogue can't be read");
  else for (const statement of statements) scope.judge.statement(stored(scope), statement);
}

/** An expression that the catalogue holds, or several with commas: a default, a check, the keys of an index. */
export function walkExpression(scope: Scope, text: string): void {
  const query = definitionSelect(`SELECT ${text}`);
  if (query === null) scope.found.doubt("an expression in the catalogue can't be read");
  else if (first(scope, `expression ${text}`)) scope.judge.walk(stored(scope), list(tree(query)["targetList"]));
}

/** The statements of a text of the catalogue; null if they can't be read. */
export function definitionStatements(text: string): readonly Value[] | null {
  const known = READ.get(text);
  if (known !== undefined) return known;
  const read = readText(text);
  const statements = read.ok ? read.statements.map((statement) => statement.tree) : null;
  if (READ.size >= READ_MAX) READ.clear();
  READ.set(text, statements);
  return statements;
}

/** The one SELECT of such a text. */
export function definitionSelect(text: string): Value {
  const statements = definitionStatements(text);
  return statements?.length === 1 ? (node(statements[0], "SelectStmt") ?? null) : null;
}
