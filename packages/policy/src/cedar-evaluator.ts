import { AppError } from "@countersign/core";
import { compilePolicy } from "./cedar/compile-policy.ts";
import { EvaluationError } from "./cedar/evaluation-error.ts";
import { type EntityOf, lazyRecordOf } from "./cedar/json-value.ts";
import type { Environment } from "./cedar/node.ts";
import { PolicySet, type Satisfied } from "./cedar/policy-set.ts";
import { EntityValue, MapRecord, NO_MEMBERS, type Value, uidOf } from "./cedar/value.ts";
import type { InexactPath } from "./argument-values.ts";
import { contextOf } from "./cedar-context.ts";
import { type Plan, planner, rootsAbove } from "./cedar-plan.ts";
import { type CedarRequest, type Evaluation, type Evaluator, type PolicyMeta, WHOLE_SET } from "./evaluator.ts";
import type { ParsedPolicySet } from "./parsed-policies.ts";
import { dependsOn } from "./reads.ts";

/**
 * An {@link Evaluator} of compiled policies: Cedar's language and answers, without Cedar's engine. Throws AppError `policy.invalid` when
 * the set cannot be compiled.
 */
export function createCedarEvaluator(set: ParsedPolicySet): Evaluator {
  return new CedarEvaluator(set);
}

class CedarEvaluator implements Evaluator {
  readonly policySetHash: string;
  readonly policies: ReadonlyMap<string, PolicyMeta>;
  readonly #planOf: (action: string, effect: CedarRequest["effect"]) => Plan<PolicySet>;

  constructor(set: ParsedPolicySet) {
    this.policySetHash = set.policySetHash;
    this.policies = new Map(
      set.policies.map(({ id, hash, effect, hold }) => [id, { id, hash, effect, hold }] as const),
    );
    const compiled = new Map(set.policies.map(({ id, est }) => [id, compilePolicy(id, est, LITERALS)] as const));
    this.#planOf = planner(
      set.policies,
      (ids) => new PolicySet(ids.map((id) => compiled.get(id)).filter((policy) => policy !== undefined)),
    );
  }

  evaluate(request: CedarRequest): Evaluation {
    try {
      const plan = this.#planOf(request.action, request.effect);
      const paths: InexactPath[] = [];
      const environment = environmentOf(request, plan, paths);
      return evaluation(plan.compiled.satisfied(environment), inexactOf(plan, paths));
    } catch (error) {
      // INV-2: a value that Cedar has none for, a time that is none: never a permit. The cause may quote arguments.
      return failed(error instanceof AppError ? error.message : "the engine failed");
    }
  }
}

const LITERALS = {
  entityOf: (type: string, id: string): EntityValue => new EntityValue(type, id),
  slots: new Map<string, EntityValue>(),
};

/** What the policies of the plan may read of the request, and no more. Paths without an exact value are added to `inexact`. */
function environmentOf(request: CedarRequest, { reads }: Plan<PolicySet>, inexact: InexactPath[]): Environment {
  const { effect } = request;
  const owner = personOf(request.principal.owner);
  const principal = request.principal.type === "Human" ? owner : agentOf(request.principal, owner);
  const action = entity({ type: "Action", id: request.action }, [new EntityValue("Action", effect)], []);
  const above = rootsAbove(request.resource, reads).map((id) => new EntityValue("Resource", id));
  const resource = entity({ type: "Resource", id: request.resource }, above, [["name", request.resource]]);
  const known = [principal, owner, action, resource];
  const entityOf: EntityOf = (type, id) =>
    known.find((one) => one.id === id && one.type === type) ?? new EntityValue(type, id);
  const context = lazyRecordOf(contextOf(request, reads.context, inexact), entityOf);
  return { principal, action, resource, context, entityOf };
}

/** Whoever owns themselves. */
function personOf(id: string): EntityValue {
  const attributes = new Map<string, Value>([["name", id]]);
  const data = { attributes: new MapRecord(attributes), tags: NO_MEMBERS, ancestors: new Set<string>() };
  const person = new EntityValue("Human", id, data);
  attributes.set("owner", person);
  return person;
}

function agentOf(agent: CedarRequest["principal"], owner: EntityValue): EntityValue {
  return entity(
    agent,
    [owner],
    [
      ["owner", owner],
      ["name", agent.name],
    ],
  );
}

function entity(
  { type, id }: { readonly type: string; readonly id: string },
  above: readonly EntityValue[],
  attributes: readonly (readonly [string, Value])[],
): EntityValue {
  const data = {
    attributes: attributes.length === 0 ? NO_MEMBERS : new MapRecord(new Map(attributes)),
    tags: NO_MEMBERS,
    ancestors: new Set(above.map((one) => uidOf(one.type, one.id))),
  };
  return new EntityValue(type, id, data);
}

/** Design 5.1: a policy that names a path without an exact value fails, whether it would come to it or not. */
function inexactOf({ policies }: Plan<PolicySet>, paths: readonly InexactPath[]): Evaluation["errors"] {
  return paths.flatMap((path) =>
    policies
      .filter(({ reads }) => dependsOn(reads.context, path))
      .map(({ id }) => ({ policyId: id, message: `\`context.${path.join(".")}\` has no exact value` })),
  );
}

function evaluation({ permits, forbids, errors }: Satisfied, inexact: Evaluation["errors"]): Evaluation {
  if (errors.length === 0 && inexact.length === 0) return { permits, forbids, errors: [] };
  const all = [...inexact, ...errors.map(({ policyId, error }) => ({ policyId, message: messageOf(error) }))];
  return { permits, forbids, errors: all.sort((a, b) => (a.policyId < b.policyId ? -1 : 1)) };
}

function messageOf({ message }: EvaluationError): string {
  return message;
}

function failed(message: string): Evaluation {
  return { permits: [], forbids: [], errors: [{ policyId: WHOLE_SET, message }] };
}
