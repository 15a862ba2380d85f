import { type PolicyJson, compilePolicy } from "../compile-policy.ts";
import { nameOf } from "../entities.ts";
import { PolicySet } from "../policy-set.ts";
import { EntityValue } from "../value.ts";

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
