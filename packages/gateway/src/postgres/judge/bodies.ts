import type { FunctionFacts } from "./catalogue.ts";
import { definitionStatements } from "./definitions.ts";
import { namesIn } from "./names.ts";
import { judgePlpgsql } from "./plpgsql.ts";
import { readText } from "./read-text.ts";
import { type Scope, ended, freshText, stored } from "./scope.ts";
import { type Tree, type Value, list, names, node, tagged, tree, word } from "./tree.ts";

/** What a function in SQL or PL/pgSQL does: each statement of its body, under the search path that it runs with. */
export function judgeBody(scope: Scope, called: FunctionFacts): void {
  const { definition, schema, name, language } = called;
  if (definition === null) {
    scope.found.doubt(`the body of \`${schema}.${name}\` is not known`);
    return;
  }
  const inside = inBody(scope, called);
  if (language === "plpgsql") judgePlpgsql(inside, definition);
  else judgeSqlBody(inside, definition);
}

/** The scope of a body: its own statements are one text, names are looked up when it runs. */
function inBody(scope: Scope, { settings, schema, name }: FunctionFacts): Scope {
  let path = scope.runtimePath;
  for (const setting of settings) {
    const [key = "", value = ""] = split(setting);
    if (key === "search_path") path = pathOf(value);
    else if (/^(role|session_authorization|session_replication_role|standard_conforming_strings)$/.test(key))
      scope.found.doubt(`\`${schema}.${name}\` runs under settings of its own`);
  }
  const inside = {
    ...stored(scope),
    path,
    runtimePath: path,
    text: { ...freshText(), made: new Set(scope.text.made) },
  };
  ended(inside);
  return inside;
}

function split(setting: string): readonly string[] {
  const at = setting.indexOf("=");
  return [setting.slice(0, at).toLowerCase(), setting.slice(at + 1)];
}

function pathOf(value: string): readonly string[] | null {
  const members =
    value.trim() === ""
      ? []
      : value.split(",").map((member) => namesIn(member)?.[0] ?? (/^\s*""\s*$/.test(member) ? "" : null));
  const known = members.filter((member) => member !== null && member !== "");
  return members.includes(null) || members.includes("$user") ? null : known.filter((member) => member !== null);
}

function judgeSqlBody(scope: Scope, definition: string): void {
  const [kind, content] = tagged(definitionStatements(definition)?.[0]);
  if (kind !== "CreateFunctionStmt") {
    scope.found.doubt("the body of a function can't be read");
    return;
  }
  const body = content["sql_body"];
  if (body !== undefined) {
    // BEGIN ATOMIC and RETURN: parsed when the function was made, printed with an empty search path.
    for (const statement of flat(body)) scope.judge.statement({ ...scope, path: [] }, statement);
    return;
  }
  const text = sourceOf(content);
  const read = text === undefined ? null : readText(text);
  if (read?.ok !== true) scope.found.doubt("the body of a function can't be read");
  else {
    for (const { tree: statement } of read.statements) {
      scope.judge.statement(scope, statement);
      ended(scope);
    }
  }
}

function sourceOf(content: Tree): string | undefined {
  for (const option of list(content["options"])) {
    const element = node(option, "DefElem");
    if (word(element?.["defname"]) === "as") return names(tree(node(element?.["arg"], "List"))["items"])[0];
  }
  return undefined;
}

function flat(value: Value): readonly Value[] {
  const inner = node(value, "List");
  if (inner !== undefined) return list(inner["items"]).flatMap(flat);
  const returned = node(value, "ReturnStmt");
  return returned === undefined
    ? [value]
    : [{ SelectStmt: { targetList: [{ ResTarget: { val: returned["returnval"] } }] } }];
}
