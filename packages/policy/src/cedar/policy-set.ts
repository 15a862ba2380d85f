import { type CompiledPolicy, type PolicyJson, compilePolicy, fits } from "./compile-policy.ts";
import { nameOf } from "./entities.ts";
import { EvaluationError } from "./evaluation-error.ts";
import type { Environment } from "./node.ts";
import { EntityValue } from "./value.ts";

/** A policy set in Cedar's JSON form. */
export interface PolicySetJson {
  readonly staticPolicies?: Readonly<Record<string, PolicyJson>>;
  readonly templates?: Readonly<Record<string, PolicyJson>>;
  readonly templateLinks?: readonly TemplateLink[];
}
export interface TemplateLink {
  readonly templateId: string;
  readonly newId: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What Cedar's authorizer answers: ids are sorted. */
export interface Authorization {
  readonly decision: "allow" | "deny";
  /** The satisfied forbids when it is denied by them, else the satisfied permits. */
  readonly reason: readonly string[];
  readonly errors: readonly { readonly policyId: string; readonly error: EvaluationError }[];
}

/** Every satisfied and every failed policy. */
export interface Satisfied {
  readonly permits: readonly string[];
  readonly forbids: readonly string[];
  readonly errors: Authorization["errors"];
}

/** Compiles a set. @throws AppError `policy.invalid`, EvaluationError for a literal that is no value */
export function compilePolicySet(json: PolicySetJson): PolicySet {
  const entityOf = (type: string, id: string): EntityValue => new EntityValue(type, id);
  const none = new Map<string, EntityValue>();
  const policies = Object.entries(json.staticPolicies ?? {}).map(([id, policy]) =>
    compilePolicy(id, policy, { entityOf, slots: none }),
  );
  for (const { templateId, newId, values } of json.templateLinks ?? []) {
    const template = json.templates?.[templateId];
    if (template === undefined) continue;
    const slots = Object.entries(values).map(([slot, value]) => {
      const { type, id } = nameOf(value);
      return [slot, entityOf(type, id)] as const;
    });
    policies.push(compilePolicy(newId, template, { entityOf, slots: new Map(slots) }));
  }
  return new PolicySet(policies);
}

/** Policies that were compiled. */
export class PolicySet {
  private readonly policies: readonly CompiledPolicy[];

  constructor(policies: readonly CompiledPolicy[]) {
    this.policies = policies;
  }

  /** Evaluates every policy. Never throws an {@link EvaluationError}: a policy that fails is named. */
  satisfied(env: Environment): Satisfied {
    const permits: string[] = [];
    const forbids: string[] = [];
    const errors: { readonly policyId: string; readonly error: EvaluationError }[] = [];
    for (const { id, effect, principal, action, resource, condition } of this.policies) {
      if (!fits(principal, env.principal) || !fits(action, env.action) || !fits(resource, env.resource)) continue;
      try {
        if (condition === null || condition(env) === true) (effect === "permit" ? permits : forbids).push(id);
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        errors.push({ policyId: id, error });
      }
    }
    return { permits: permits.sort(), forbids: forbids.sort(), errors };
  }

  /** The answer of Cedar's own authorizer. */
  authorize(env: Environment): Authorization {
    const { permits, forbids, errors } = this.satisfied(env);
    if (forbids.length > 0) return { decision: "deny", reason: forbids, errors };
    return { decision: permits.length > 0 ? "allow" : "deny", reason: permits, errors };
  }
}
