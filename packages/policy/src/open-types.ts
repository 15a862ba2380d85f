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

type Asked = readonly (CedarType | null)[];
type Known = CedarType | null;
const LOGIC = (): Asked => [BOOLEAN];
const SUMS = (): Asked => [LONG];
const ORDER = (left: Known, right: Known): Asked => [right ?? LONG, left ?? LONG];
const SAME = (left: Known, right: Known): Asked => [right, left];
const DECIMALS = (): Asked => [DECIMAL];
const setOf = (element: Known): Known => (element === null ? null : { type: "Set", element });
const elementOf = (set: Known): Known => (set?.type === "Set" ? set.element : null);

/** The types that an operator asks of its operands, from what the first two and its own place make known. The last one repeats. */
const ASKED: ReadonlyMap<string, (left: Known, right: Known, want: Known) => Asked> = new Map([
  ["!", LOGIC],
  ["&&", LOGIC],
  ["||", LOGIC],
  ["if-then-else", (_left: Known, _right: Known, want: Known): Asked => [BOOLEAN, want]],
  ["neg", SUMS],
  ["+", SUMS],
  ["-", SUMS],
  ["*", SUMS],
  ["<", ORDER],
  ["<=", ORDER],
  [">", ORDER],
  [">=", ORDER],
  ["==", SAME],
  ["!=", SAME],
  ["like", (): Asked => [STRING]],
  ["contains", (left: Known, right: Known): Asked => [setOf(right), elementOf(left)]],
  ["containsAll", SAME],
  ["containsAny", SAME],
  ["isEmpty", (): Asked => [setOf(STRING)]],
  ["Set", (_left: Known, _right: Known, want: Known): Asked => [elementOf(want)]],
  ["lessThan", DECIMALS],
  ["lessThanOrEqual", DECIMALS],
  ["greaterThan", DECIMALS],
  ["greaterThanOrEqual", DECIMALS],
]);

function wantsOf(operator: string, children: readonly Expr[], want: Known): Asked {
  const [left = null, right = null] = children.map((child) => typeOf(child));
  return ASKED.get(operator)?.(left, right, want) ?? [null];
}

/** The type that an expression has on its own; null when that takes more than a look. */
function typeOf(expr: Expr): Known {
  const chain = chainOf(expr);
  if (chain !== null) return chain.root === "context" ? contextType(chain.path) : null;
  const [operator, operand] = operatorOf(expr);
  if (operator === "Value") return LITERALS.get(typeof operand) ?? null;
  if (operator === "Set")
    return setOf(
      childrenOf(expr)
        .map(typeOf)
        .find((type) => type !== null) ?? null,
    );
  return RESULTS.get(operator) ?? null;
}
const LITERALS: ReadonlyMap<string, CedarType> = new Map([
  ["boolean", BOOLEAN],
  ["string", STRING],
  ["number", LONG],
]);
const RESULTS: ReadonlyMap<string, CedarType> = new Map([
  ["decimal", DECIMAL],
  ["datetime", DATETIME],
  ["offset", DATETIME],
  ["toDate", DATETIME],
]);
