import { type CompiledPolicy, fits } from "./compile-policy.ts";
import { EvaluationError } from "./evaluation-error.ts";
import { ScopeIndex } from "./scope-index.ts";
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

/** Policies that were compiled, found by what their scopes name: how many there are for others costs nothing. */
export class PolicySet {
  private readonly index: ScopeIndex;

  constructor(policies: readonly CompiledPolicy[]) {
    this.index = new ScopeIndex(policies);
  }

  /** Evaluates every policy. Never throws an {@link EvaluationError}: a policy that fails is named. */
  satisfied(env: Environment): Satisfied {
    const found: Found = { env, permits: [], forbids: [], errors: [] };
    this.index.each(env, (policies) => evaluateAll(policies, found));
    const { permits, forbids, errors } = found;
    if (permits.length > 1) permits.sort();
    if (forbids.length > 1) forbids.sort();
    return { permits, forbids, errors };
  }

  /** The answer of Cedar's own authorizer. */
  authorize(env: Environment): Authorization {
    const { permits, forbids, errors } = this.satisfied(env);
    if (forbids.length > 0) return { decision: "deny", reason: forbids, errors };
    return { decision: permits.length > 0 ? "allow" : "deny", reason: permits, errors };
  }
}

interface Found {
  readonly env: Environment;
  readonly permits: string[];
  readonly forbids: string[];
  readonly errors: { readonly policyId: string; readonly error: EvaluationError }[];
}

function evaluateAll(policies: readonly CompiledPolicy[], { env, permits, forbids, errors }: Found): void {
  for (const { id, effect, principal, action, resource, condition } of policies) {
    if (!fits(action, env.action) || !fits(principal, env.principal) || !fits(resource, env.resource)) continue;
    try {
      if (condition === null || condition(env) === true) (effect === "permit" ? permits : forbids).push(id);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      errors.push({ policyId: id, error });
    }
  }
}
