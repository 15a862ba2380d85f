import { type CompiledPolicy, fits } from "./compile-policy.ts";
import { EvaluationError } from "./evaluation-error.ts";
import type { Environment } from "./node.ts";

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
