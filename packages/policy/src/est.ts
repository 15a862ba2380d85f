/**
 * Cedar's JSON form of a policy ("EST"), as far as it is read here. Only static policies: templates are refused.
 * An expression is an object with one member, named by its operator.
 */
export interface PolicyEst {
  readonly effect: "permit" | "forbid";
  readonly principal: ScopeEst;
  readonly action: ScopeEst;
  readonly resource: ScopeEst;
  readonly conditions: readonly { readonly kind: "when" | "unless"; readonly body: Expr }[];
  /** An annotation without a value is null. */
  readonly annotations?: Readonly<Record<string, string | null>>;
}
export interface EntityRef {
  readonly type: string;
  readonly id: string;
}
export interface ScopeEst {
  readonly op: "All" | "==" | "in" | "is";
  readonly entity?: EntityRef;
  readonly entities?: readonly EntityRef[];
  readonly entity_type?: string;
  readonly in?: { readonly entity: EntityRef };
}
export type Expr = { readonly [operator: string]: unknown };

/** Operator and operand of an expression. Throws a TypeError on anything that is not one. */
export function operatorOf(expr: Expr): readonly [string, unknown] {
  const members = Object.entries(expr);
  const [first] = members;
  if (members.length !== 1 || first === undefined) throw new TypeError("expression without a single operator");
  return first;
}

/** The expressions directly below `expr`, in the order of evaluation. Throws a TypeError on an unknown form. */
export function childrenOf(expr: Expr): readonly Expr[] {
  const [operator, operand] = operatorOf(expr);
  if (operator === "Value" || operator === "Var") return [];
  if (Array.isArray(operand)) return operand as Expr[];
  if (typeof operand !== "object" || operand === null) throw new TypeError(`operator \`${operator}\` is not known`);
  if (operator === "Record") return Object.values(operand) as Expr[];
  const named = operand as Record<string, unknown>;
  const places = ["if", "then", "else", "arg", "left", "right", "in"].filter((place) => Object.hasOwn(named, place));
  if (places.length === 0) throw new TypeError(`operator \`${operator}\` is not known`);
  return places.map((place) => named[place] as Expr);
}

/** Attribute access or a variable: `context.arguments.path` is root `context`, path `["arguments", "path"]`. Null for all else. */
export interface Chain {
  readonly root: string;
  readonly path: readonly string[];
}
export function chainOf(expr: Expr): Chain | null {
  const [operator, operand] = operatorOf(expr);
  if (operator === "Var") return { root: String(operand), path: [] };
  if (operator !== ".") return null;
  const { left, attr } = operand as { left: Expr; attr: string };
  const base = chainOf(left);
  return base === null ? null : { root: base.root, path: [...base.path, attr] };
}

/** The attribute path that a `has` tests: `x has a.b` carries a list. */
export function hasPath(operand: unknown): { readonly left: Expr; readonly attrs: readonly string[] } {
  const { left, attr } = operand as { left: Expr; attr: string | readonly string[] };
  return { left, attrs: typeof attr === "string" ? [attr] : attr };
}

/** Every entity that a policy names, in scope and conditions. */
export function entitiesOf(est: PolicyEst): readonly EntityRef[] {
  const out: EntityRef[] = [];
  for (const scope of [est.principal, est.action, est.resource]) {
    if (scope.entity !== undefined) out.push(scope.entity);
    if (scope.entities !== undefined) out.push(...scope.entities);
    if (scope.in !== undefined) out.push(scope.in.entity);
  }
  const visit = (expr: Expr): void => {
    const [operator, operand] = operatorOf(expr);
    if (operator === "Value" && typeof operand === "object" && operand !== null && "__entity" in operand) {
      out.push(operand.__entity as EntityRef);
    }
    for (const child of childrenOf(expr)) visit(child);
  };
  for (const { body } of est.conditions) visit(body);
  return out;
}

/** Deepest nesting of arrays and objects. Iterative: safe on any depth. */
export function depthOf(value: unknown): number {
  let deepest = 0;
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    if (next.depth > deepest) deepest = next.depth;
    for (const member of Object.values(next.value)) open.push({ value: member, depth: next.depth + 1 });
  }
  return deepest;
}

/** True when every number in it is an integer that a double carries exactly. Iterative. */
export function numbersExact(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "number" && !Number.isSafeInteger(next)) return false;
    if (typeof next === "object" && next !== null) for (const member of Object.values(next)) open.push(member);
  }
  return true;
}
