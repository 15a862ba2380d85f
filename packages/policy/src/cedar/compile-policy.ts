import { AppError } from "@countersign/core";
import { nameOf } from "./entities.ts";
import { type CompileContext, type ExpressionJson, all, compileExpression } from "./compile-expression.ts";
import { EvaluationError } from "./evaluation-error.ts";
import type { Evaluate } from "./node.ts";
import { EntityValue } from "./value.ts";

/** A policy, or a template, in Cedar's JSON form. */
export interface PolicyJson {
  readonly effect: "permit" | "forbid";
  readonly principal: ScopeJson;
  readonly action: ScopeJson;
  readonly resource: ScopeJson;
  readonly conditions: readonly { readonly kind: "when" | "unless"; readonly body: unknown }[];
}
export interface ScopeJson {
  readonly op: "All" | "==" | "in" | "is";
  readonly entity?: unknown;
  readonly slot?: string;
  readonly entities?: readonly unknown[];
  readonly entity_type?: string;
  readonly in?: { readonly entity?: unknown; readonly slot?: string };
}

/** One place of a scope, with its slot filled. */
export type Scope =
  | { readonly op: "all" }
  | { readonly op: "==" | "in"; readonly entities: readonly EntityValue[] }
  | { readonly op: "is"; readonly type: string; readonly in: EntityValue | null };

export interface CompiledPolicy {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** All conditions: true, false, or an error. Null: there are none. */
  readonly condition: Evaluate | null;
}

/** @throws AppError `policy.invalid` */
export function compilePolicy(id: string, json: PolicyJson, context: CompileContext): CompiledPolicy {
  const scope = (part: ScopeJson, slot: string): Scope => scopeOf(part, slot, context);
  const terms = json.conditions.map(({ kind, body }) => {
    const expression = body as ExpressionJson;
    return compileExpression(kind === "when" ? expression : { "!": { arg: expression } }, context);
  });
  const always = terms.every((term) => term.constant === true);
  return {
    id,
    effect: json.effect,
    principal: scope(json.principal, "?principal"),
    action: scope(json.action, ""),
    resource: scope(json.resource, "?resource"),
    condition: always ? null : all(terms.map(({ evaluate }) => evaluate)).evaluate,
  };
}

function scopeOf(json: ScopeJson, slot: string, context: CompileContext): Scope {
  const entity = (part: { readonly entity?: unknown; readonly slot?: string }): EntityValue => {
    const filled = part.slot === undefined ? undefined : context.slots.get(slot);
    if (filled !== undefined) return filled;
    if (part.slot !== undefined) throw new AppError("policy.invalid", { detail: "a slot of a template is not filled" });
    return named(part.entity, context);
  };
  if (json.op === "All") return { op: "all" };
  if (json.op === "is")
    return { op: "is", type: json.entity_type ?? "", in: json.in === undefined ? null : entity(json.in) };
  if (json.op !== "==" && json.op !== "in")
    throw new AppError("policy.invalid", { detail: "a scope of a policy is not known" });
  const entities = json.entities?.map((one) => entity({ entity: one })) ?? [entity(json)];
  return { op: json.op, entities };
}

function named(json: unknown, { entityOf }: CompileContext): EntityValue {
  try {
    const { type, id } = nameOf(json);
    return entityOf(type, id);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new AppError("policy.invalid", { detail: "a scope of a policy names no entity" });
  }
}

/** True when an entity is within the scope. It never fails. */
export function fits(scope: Scope, value: EntityValue): boolean {
  if (scope.op === "all") return true;
  if (scope.op === "is") return value.type === scope.type && (scope.in === null || value.isIn(scope.in));
  for (const entity of scope.entities) if (scope.op === "==" ? value.is(entity) : value.isIn(entity)) return true;
  return false;
}
