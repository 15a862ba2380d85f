import { judgeDdl } from "./ddl.ts";
import { judgeDrop } from "./drop.ts";
import { judgeDelete, judgeInsert, judgeMerge, judgeSelect, judgeUpdate } from "./query.ts";
import type { Scope } from "./scope.ts";
import { judgeControl } from "./control.ts";
import { judgeSet } from "./settings.ts";
import { type Tree, type Value, tagged } from "./tree.ts";
import { judgeUtility } from "./utility.ts";

/** Statements that stay known whatever an earlier one of the same text has changed: they look nothing up. */
const LOOKS_NOTHING_UP: ReadonlySet<string> = new Set([
  "TransactionStmt",
  "VariableSetStmt",
  "VariableShowStmt",
  "DeallocateStmt",
  "ClosePortalStmt",
]);

/** Notes what a statement does, be it of the client, of a function's body or of a rule. What has no entry anywhere is unknown. */
export function judgeStatement(scope: Scope, value: Value): void {
  const [kind, content] = tagged(value);
  const { found, text } = scope;
  if (text.moved !== null && !LOOKS_NOTHING_UP.has(kind)) found.doubt(text.moved);
  const rule = Object.hasOwn(QUERIES, kind) ? QUERIES[kind] : undefined;
  if (rule !== undefined) rule(scope, content);
  else if (
    !judgeControl(scope, kind, content) &&
    !judgeUtility(scope, kind, content) &&
    !judgeDdl(scope, kind, content)
  )
    found.doubt(`what a ${kind} does is not known`);
}

const QUERIES: Readonly<Record<string, (scope: Scope, content: Tree) => void>> = {
  SelectStmt: judgeSelect,
  InsertStmt: judgeInsert,
  UpdateStmt: judgeUpdate,
  DeleteStmt: judgeDelete,
  MergeStmt: judgeMerge,
  PLAssignStmt: (scope, content) => scope.judge.walk(scope, content),
  VariableSetStmt: judgeSet,
  DropStmt: judgeDrop,
};
