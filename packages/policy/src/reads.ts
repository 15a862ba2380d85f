import type { Effect } from "@countersign/core";
import {
  type Expr,
  type PolicyEst,
  type ScopeEst,
  chainOf,
  childrenOf,
  entitiesOf,
  hasPath,
  operatorOf,
} from "./est.ts";

/** Which parts of a record are read. A node that is neither `whole` nor has members is only tested for presence. */
export interface ReadNode {
  whole: boolean;
  readonly members: Map<string, ReadNode>;
}

/** Everything outside its own text that an evaluation of a policy can depend on. */
export interface Reads {
  readonly context: ReadNode;
  /** True when attributes or ancestors of the principal count; its type and id always do. */
  principal: boolean;
  /** True when attributes of the resource count. */
  resource: boolean;
  /** True when the group of the action counts. */
  action: boolean;
  /** Resources named by the policy: those that are ancestors of the request's resource count. */
  readonly roots: Set<string>;
}

export function noReads(): Reads {
  return { context: emptyNode(), principal: false, resource: false, action: false, roots: new Set() };
}
function emptyNode(): ReadNode {
  return { whole: false, members: new Map() };
}

/**
 * What a policy can read. Cedar has no variables, no loops and no reflection: the context is reached only through the word `context`,
 * an entity's data only through `.`, `has`, tags and `in`. So whatever is not found here cannot change the answer.
 */
export function readsOf(est: PolicyEst): Reads {
  const reads = noReads();
  reads.action = est.action.op === "in";
  reads.principal = est.principal.op === "in" || est.principal.in !== undefined;
  for (const { type, id } of entitiesOf(est)) if (type === "Resource") reads.roots.add(id);
  for (const { body } of est.conditions) visit(body, reads);
  return reads;
}

function visit(expr: Expr, reads: Reads): void {
  const chain = chainOf(expr);
  if (chain !== null) {
    if (chain.root === "context") nodeAt(reads.context, chain.path).whole = true;
    else if (chain.path.length > 0) readEntity(chain.root, reads);
    return;
  }
  const [operator, operand] = operatorOf(expr);
  if (operator === "has" && asksContext(operand, reads)) return;
  if (operator === "." || operator === "getTag" || operator === "hasTag") readEntity("", reads);
  if (operator === "in" || operator === "is") {
    reads.principal = true;
    reads.action = true;
  }
  for (const child of childrenOf(expr)) visit(child, reads);
}

/** True for a `has` on the context, whose answer takes only presence; on all else it reads an entity. */
function asksContext(operand: unknown, reads: Reads): boolean {
  const { left, attrs } = hasPath(operand);
  const base = chainOf(left);
  if (base?.root === "context") {
    nodeAt(reads.context, [...base.path, ...attrs]);
    return true;
  }
  readEntity(base?.root ?? "", reads);
  return false;
}

/** An attribute of an entity is read; a root that is neither principal nor resource may be either. */
function readEntity(root: string, reads: Reads): void {
  if (root !== "resource") reads.principal = true;
  if (root !== "principal") reads.resource = true;
}

function nodeAt(root: ReadNode, path: readonly string[]): ReadNode {
  let node = root;
  for (const name of path) {
    let next = node.members.get(name);
    if (next === undefined) node.members.set(name, (next = emptyNode()));
    node = next;
  }
  return node;
}

/** Adds what `from` reads to `into`. */
export function addReads(into: Reads, from: Reads): void {
  into.principal ||= from.principal;
  into.resource ||= from.resource;
  into.action ||= from.action;
  for (const root of from.roots) into.roots.add(root);
  addNode(into.context, from.context);
}

function addNode(into: ReadNode, from: ReadNode): void {
  into.whole ||= from.whole;
  for (const [name, member] of from.members) addNode(nodeAt(into, [name]), member);
}

/** True when the value at `path`, which could not be given exactly, counts for what `node` reads. */
export function dependsOn(node: ReadNode, path: readonly string[]): boolean {
  let at = node;
  for (const name of path) {
    if (at.whole) return true;
    const next = at.members.get(name);
    if (next === undefined) return false;
    at = next;
  }
  return true;
}

/** False only when the scope of a policy certainly leaves this action out: then it is neither satisfied nor fails. */
export function scopeMayFit(scope: ScopeEst, action: string, effect: Effect): boolean {
  if (scope.op === "All") return true;
  const named = scope.entities ?? (scope.entity === undefined ? [] : [scope.entity]);
  return named.some(({ id }) => id === action || (scope.op === "in" && id === effect));
}
