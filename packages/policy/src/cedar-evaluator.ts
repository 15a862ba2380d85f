import { preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { AppError } from "@countersign/core";
import { type PlannedCall, type Planner, plannedCall, planner } from "./cedar-plan.ts";
import { type CedarRequest, type Evaluation, type Evaluator, type PolicyMeta, WHOLE_SET } from "./evaluator.ts";
import type { ParsedPolicySet } from "./parsed-policies.ts";

/**
 * Names under which cedar-wasm keeps policy sets in this thread. A new name is never given back (0.22 MB each), so there are few
 * and each notes whose set it holds now.
 */
const SLOTS: (CedarEvaluator | null)[] = [null, null, null, null];
let nextSlot = 0;

/**
 * An {@link Evaluator} that asks cedar-wasm. Throws AppError `policy.invalid` when Cedar does not take the set; a set from
 * `parsePolicies` was tried in the worker before.
 */
export function createCedarEvaluator(set: ParsedPolicySet): Evaluator {
  return new CedarEvaluator(set);
}

class CedarEvaluator implements Evaluator {
  readonly policySetHash: string;
  readonly policies: ReadonlyMap<string, PolicyMeta>;
  readonly #set: object;
  readonly #plan: Planner;
  #slot = 0;

  constructor(set: ParsedPolicySet) {
    this.policySetHash = set.policySetHash;
    this.policies = new Map(
      set.policies.map(({ id, hash, effect, hold }) => [id, { id, hash, effect, hold }] as const),
    );
    this.#set = asPermits(set);
    this.#plan = planner(set.policies);
    this.#load();
  }

  evaluate(request: CedarRequest): Evaluation {
    try {
      const planned = plannedCall(request, this.#plan(request.action, request.effect));
      if (SLOTS[this.#slot] !== this) this.#load();
      const call = { ...planned.call, preparsedPolicySetId: `set${String(this.#slot)}`, validateRequest: false };
      const answer = statefulIsAuthorized(call as Parameters<typeof statefulIsAuthorized>[0]);
      if (answer.type === "failure") return failed("the engine refused the request");
      return this.#evaluation(answer.response.diagnostics, planned.inexact);
    } catch {
      // INV-2: a trap, a value that JSON cannot carry, a set that is gone: never a permit. The cause may quote arguments.
      return failed("the engine failed");
    }
  }

  #load(): void {
    const slot = nextSlot;
    nextSlot = (nextSlot + 1) % SLOTS.length;
    SLOTS[slot] = null;
    const answer = preparsePolicySet(`set${String(slot)}`, this.#set);
    if (answer.type === "failure")
      throw new AppError("policy.invalid", { detail: "the engine refused the policy set" });
    this.#slot = slot;
    SLOTS[slot] = this;
  }

  #evaluation(
    found: { reason: string[]; errors: { policyId: string }[] },
    inexact: PlannedCall["inexact"],
  ): Evaluation {
    const permits: string[] = [];
    const forbids: string[] = [];
    for (const id of found.reason) {
      const policy = this.policies.get(id);
      if (policy === undefined) return failed("the engine named a policy that is not in the set");
      (policy.effect === "permit" ? permits : forbids).push(id);
    }
    const errors = [
      ...inexact.map(({ policyId, path }) => ({
        policyId,
        message: `\`context.${path.join(".")}\` has no exact value`,
      })),
      ...found.errors.map(({ policyId }) => ({ policyId, message: "an operator met a missing or unfit value" })),
    ];
    return {
      permits: permits.sort(),
      forbids: forbids.sort(),
      errors: errors.sort((a, b) => (a.policyId < b.policyId ? -1 : 1)),
    };
  }
}

/**
 * All policies turned to permits. Cedar names the deciding policies only, so of a set with a satisfied forbid it would not say
 * whether a permit is satisfied too; of permits it names every satisfied one. What follows from them is our rule, in `decide`.
 */
function asPermits(set: ParsedPolicySet): object {
  return {
    staticPolicies: Object.fromEntries(set.policies.map(({ id, est }) => [id, { ...est, effect: "permit" }])),
  };
}

function failed(message: string): Evaluation {
  return { permits: [], forbids: [], errors: [{ policyId: WHOLE_SET, message }] };
}
