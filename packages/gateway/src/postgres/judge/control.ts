import { judgePlpgsql } from "./plpgsql.ts";
import { readText } from "./read-text.ts";
import type { Scope } from "./scope.ts";
import { type Tree, type Value, list, node, tree, word } from "./tree.ts";

/** Statements about transactions, prepared statements, cursors, channels and other statements. False: it is none of them. */
export function judgeControl(scope: Scope, kind: string, content: Tree): boolean {
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined;
  rule?.(scope, content);
  return rule !== undefined;
}

const nothing = (): void => undefined;

const RULES: Readonly<Record<string, (scope: Scope, content: Tree) => void>> = {
  TransactionStmt: transaction,
  VariableShowStmt: nothing,
  ConstraintsSetStmt: nothing,
  DeallocateStmt: nothing,
  ClosePortalStmt: nothing,
  ListenStmt: nothing,
  UnlistenStmt: nothing,
  NotifyStmt: ({ found }) => found.effect("external"),
  DiscardStmt: discard,
  PrepareStmt: prepare,
  ExecuteStmt: execute,
  DeclareCursorStmt: declare,
  FetchStmt: fetch,
  ExplainStmt: explain,
  DoStmt: doBlock,
  CallStmt: callProcedure,
};

function transaction({ found, text, session, direct }: Scope, content: Tree): void {
  const kind = word(content["kind"]).replace("TRANS_STMT_", "");
  if (kind.includes("PREPARE")) found.doubt("a transaction in two phases outlives its session");
  // What SET changed in the block may be taken back under the statements that follow.
  const ends = kind === "COMMIT" || kind === "ROLLBACK" || kind === "ROLLBACK_TO";
  if (ends && direct && (session.inTransaction === true || text.path !== undefined)) text.path = null;
}

function discard({ found, text }: Scope, content: Tree): void {
  found.effect("write");
  if (word(content["target"]) !== "DISCARD_ALL") return;
  found.settings.push({ name: "*", value: null, local: false });
  text.path = null;
  text.prepared.clear();
}

function prepare(scope: Scope, content: Tree): void {
  scope.judge.statement({ ...scope, runs: false }, content["query"]);
  scope.judge.walk({ ...scope, runs: false }, content["argtypes"]);
  scope.text.prepared.set(word(content["name"]), { tree: content["query"], text: "" });
}

/** EXECUTE does what was prepared, under the search path of now: PostgreSQL plans it anew when that has changed. */
function execute(scope: Scope, content: Tree): void {
  const { found, text, session } = scope;
  const name = word(content["name"]);
  scope.judge.walk(scope, content["params"]);
  const prepared = text.prepared.get(name)?.tree ?? keptBefore(session.prepared?.(name), "PrepareStmt", name);
  found.ofSession = true;
  if (prepared === undefined) found.doubt(`the prepared statement \`${name}\` is not known`);
  else scope.judge.statement({ ...scope, ctes: new Set(), depth: scope.depth + 1 }, prepared);
}

/** The query of PREPARE or DECLARE from the text that held it, or of a text that is the query itself. */
function keptBefore(text: string | undefined, kind: "PrepareStmt" | "DeclareCursorStmt", name: string): Value {
  const read = text === undefined ? null : readText(text);
  if (read?.ok !== true) return undefined;
  const kept = read.statements
    .map((statement) => node(statement.tree, kind))
    .filter((content) => content !== undefined);
  const own = kept.findLast((content) => word(content["name"] ?? content["portalname"]) === name);
  if (own !== undefined) return own["query"];
  return read.statements.length === 1 && kept.length === 0 ? read.statements[0]?.tree : undefined;
}

/** A cursor runs while it is fetched from; what it may do is said when it is declared. */
function declare(scope: Scope, content: Tree): void {
  scope.judge.statement(scope, content["query"]);
  scope.text.cursors.set(word(content["portalname"]), content["query"]);
}

function fetch(scope: Scope, content: Tree): void {
  const { found, text, session } = scope;
  const name = word(content["portalname"]);
  found.ofSession = true;
  const query = text.cursors.get(name) ?? keptBefore(session.cursor?.(name), "DeclareCursorStmt", name);
  if (query === undefined) found.doubt(`the cursor \`${name}\` is not known`);
  else scope.judge.statement({ ...scope, ctes: new Set(), depth: scope.depth + 1 }, query);
}

/** EXPLAIN plans, which calls functions that are not volatile; with ANALYZE it does what it explains. */
function explain(scope: Scope, content: Tree): void {
  const analyze = list(content["options"]).some((value) => {
    const option = node(value, "DefElem");
    return word(option?.["defname"]) === "analyze" && !isOff(option?.["arg"]);
  });
  if (analyze) {
    scope.judge.statement(scope, content["query"]);
    return;
  }
  scope.judge.statement({ ...scope, runs: false, planned: true }, content["query"]);
}

function isOff(value: Value): boolean {
  const text = word(node(value, "String")?.["sval"]).toLowerCase();
  const number = node(value, "Integer");
  // What has its default value, 0 or false, is left out by the parser.
  const zero = number !== undefined && number["ival"] === undefined;
  return ["false", "off", "0", "no"].includes(text) || zero;
}

/** A block is code of the moment: unknown always. What can be read in it is listed all the same. */
function doBlock(scope: Scope, content: Tree): void {
  scope.found.doubt("a DO block is code that nobody has looked at");
  if (!scope.runs) return;
  const options = list(content["args"]).map((value) => tree(node(value, "DefElem")));
  const of = (name: string): string =>
    word(node(options.find(({ defname }) => defname === name)?.["arg"], "String")?.["sval"]);
  if (!["", "plpgsql"].includes(of("language"))) return;
  const body = of("as").replaceAll("'", "''");
  judgePlpgsql({ ...scope, depth: scope.depth + 1 }, `CREATE PROCEDURE block() LANGUAGE plpgsql AS '${body}'`);
}

function callProcedure(scope: Scope, content: Tree): void {
  // A procedure may end transactions and begin others; what its body shows is listed all the same.
  scope.found.doubt("a procedure runs in transactions of its own");
  scope.judge.walk(scope, { FuncCall: content["funccall"] });
}
