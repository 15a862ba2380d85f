import { type Chain, type Expr, type PolicyEst, chainOf, childrenOf, hasPath, operatorOf } from "./est.ts";
import { type CedarType, OPEN_RECORDS, contextType } from "./schema.ts";

/** What a policy takes a member of an open record for. */
export interface OpenNode {
  /** Types that the uses of the member ask for, by their JSON text. Empty: only its presence is tested, or it is a record. */
  readonly types: Map<string, CedarType>;
  /** True when some use leaves the type open: such a policy cannot be type-checked. */
  unknown: boolean;
  readonly members: Map<string, OpenNode>;
}
const emptyNode = (): OpenNode => ({ types: new Map(), unknown: false, members: new Map() });

const BOOLEAN: CedarType = { type: "Boolean" };
const LONG: CedarType = { type: "Long" };
const STRING: CedarType = { type: "String" };
const DECIMAL: CedarType = { type: "Extension", name: "decimal" };
const DATETIME: CedarType = { type: "Extension", name: "datetime" };
const DECIMAL_TESTS = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"];

/**
 * Types the arguments and facts that a policy reads by the operators they stand under: the operand of `like` is a string, both sides
 * of `==` have one type, and so on. One node for each of {@link OPEN_RECORDS}. A call may still bring another type: then the
 * policy fails when it is evaluated, which denies.
 */
export function openTypesOf(est: PolicyEst): readonly OpenNode[] {
  const roots = OPEN_RECORDS.map(emptyNode);
  for (const { body } of est.conditions) visit(body, BOOLEAN, roots);
  return roots;
}

function visit(expr: Expr, want: CedarType | null, roots: readonly OpenNode[]): void {
  const chain = chainOf(expr);
  if (chain !== null) {
    use(chain, want, roots);
    return;
  }
  const [operator, operand] = operatorOf(expr);
  if (operator === "has") {
    const { left, attrs } = hasPath(operand);
    const base = chainOf(left);
    if (base !== null) return use({ root: base.root, path: [...base.path, ...attrs] }, undefined, roots);
  }
  const children = childrenOf(expr);
  const wants = wantsOf(operator, children, want);
  for (const [i, child] of children.entries()) visit(child, wants[i] ?? wants.at(-1) ?? null, roots);
}

/** `want` undefined: only the presence is tested. */
function use(chain: Chain, want: CedarType | null | undefined, roots: readonly OpenNode[]): void {
  if (chain.root !== "context") return;
  for (const [i, open] of OPEN_RECORDS.entries()) {
    if (open.some((name, at) => chain.path[at] !== name)) continue;
    let node = roots[i] as OpenNode;
    for (const name of chain.path.slice(open.length)) {
      const known = node.members.get(name) ?? emptyNode();
      node.members.set(name, known);
      node = known;
    }
    if (want === null) node.unknown = true;
    else if (want !== undefined) node.types.set(JSON.stringify(want), want);
  }
}

/** The types that an operator asks of its operands; the last one stands for all further ones. */
function wantsOf(operator: string, children: readonly Expr[], want: CedarType | null): readonly (CedarType | null)[] {
  const [left, right] = children.map((child) => typeOf(child));
  const setOf = (element: CedarType | null | undefined): CedarType | null => (element ? { type: "Set", element } : null);
  const elementOf = (set: CedarType | null | undefined): CedarType | null => (set?.type === "Set" ? set.element : null);
  switch (operator) {
    case "!":
    case "&&":
    case "||":
      return [BOOLEAN];
    case "if-then-else":
      return [BOOLEAN, want];
    case "neg":
    case "+":
    case "-":
    case "*":
      return [LONG];
    case "<":
    case "<=":
    case ">":
    case ">=":
      return [right ?? LONG, left ?? LONG];
    case "==":
    case "!=":
      return [right ?? null, left ?? null];
    case "like":
      return [STRING];
    case "contains":
      return [setOf(right), elementOf(left)];
    case "containsAll":
    case "containsAny":
      return [right ?? null, left ?? null];
    case "isEmpty":
      return [setOf(STRING)];
    case "Set":
      return [elementOf(want)];
    default:
      return DECIMAL_TESTS.includes(operator) ? [DECIMAL] : [null];
  }
}

/** The type that an expression has on its own; null when that takes more than a look. */
function typeOf(expr: Expr): CedarType | null {
  const chain = chainOf(expr);
  if (chain !== null) return chain.root === "context" ? contextType(chain.path) : null;
  const [operator, operand] = operatorOf(expr);
  if (operator === "decimal") return DECIMAL;
  if (operator === "datetime" || operator === "offset" || operator === "toDate") return DATETIME;
  if (operator === "Set") {
    const element = childrenOf(expr).map(typeOf).find((type) => type !== null);
    return element === undefined ? null : { type: "Set", element };
  }
  if (operator !== "Value") return null;
  if (typeof operand === "boolean") return BOOLEAN;
  if (typeof operand === "string") return STRING;
  return typeof operand === "number" ? LONG : null;
}
