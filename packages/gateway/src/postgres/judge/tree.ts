/** A part of what the parser gives: objects with one key name a node, `{SelectStmt: {…}}`; what has its default value is left out. */
export type Value = string | number | boolean | null | undefined | Tree | readonly Value[];
export interface Tree {
  readonly [key: string]: Value;
}

const NOTHING: Tree = {};

/** The value as an object, an empty one if it is none. */
export function tree(value: Value): Tree {
  return isTree(value) ? value : NOTHING;
}

export function isTree(value: Value): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [];
}

export function word(value: Value): string {
  return typeof value === "string" ? value : "";
}

/** The node inside `{Name: node}` if it is of that name. */
export function node(value: Value, name: string): Tree | undefined {
  const found = tree(value)[name];
  return isTree(found) ? found : undefined;
}

/** Name and content of `{Name: node}`. */
export function tagged(value: Value): readonly [string, Tree] {
  const [first] = Object.entries(tree(value));
  return first === undefined ? ["", NOTHING] : [first[0], tree(first[1])];
}

/** The strings of a list of `{String: {sval}}`; anything else in it is `*`. */
export function names(value: Value): readonly string[] {
  return list(value).map((item) => {
    const string = node(item, "String");
    return string === undefined ? "*" : word(string["sval"]);
  });
}

/** The text of a constant, a cast of one looked through; undefined when it is no constant text. */
export function literal(value: Value): string | undefined {
  const cast = node(value, "TypeCast");
  if (cast !== undefined) return literal(cast["arg"]);
  const constant = node(value, "A_Const");
  if (constant === undefined || !isTree(constant["sval"])) return undefined;
  return word(constant["sval"]["sval"]);
}

/** Text or number of a constant as it would be written in a setting. */
export function constantText(value: Value): string | undefined {
  const constant = node(value, "A_Const");
  if (constant === undefined) return undefined;
  if (isTree(constant["sval"])) return word(constant["sval"]["sval"]);
  if (isTree(constant["fval"])) return word(constant["fval"]["fval"]);
  if (isTree(constant["ival"])) return numberText(constant["ival"]["ival"]);
  if (isTree(constant["boolval"])) return constant["boolval"]["boolval"] === true ? "on" : "off";
  return undefined;
}

function numberText(value: Value): string {
  return typeof value === "number" ? String(value) : "0";
}
