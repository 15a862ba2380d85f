import type { CompiledPolicy, Scope } from "./compile-policy.ts";
import type { Environment } from "./node.ts";
import type { EntityValue } from "./value.ts";

type Policies = readonly CompiledPolicy[];

/** Policies by the entities that their scopes name: the principal's, else the resource's, else the action's. The rest may fit any request. */
export class ScopeIndex {
  private readonly byPrincipal = new Map<string, CompiledPolicy[]>();
  private readonly byResource = new Map<string, CompiledPolicy[]>();
  private readonly byAction = new Map<string, CompiledPolicy[]>();
  private readonly rest: CompiledPolicy[] = [];

  constructor(policies: Policies) {
    for (const policy of policies) {
      const { principal, resource, action } = policy;
      const found =
        put(this.byPrincipal, principal, policy) ||
        put(this.byResource, resource, policy) ||
        put(this.byAction, action, policy);
      if (!found) this.rest.push(policy);
    }
  }

  /** Calls back with all policies whose scopes may fit, in parts; each of them once. */
  each({ principal, resource, action }: Environment, callback: (policies: Policies) => void): void {
    above(this.byPrincipal, principal, callback);
    above(this.byResource, resource, callback);
    above(this.byAction, action, callback);
    if (this.rest.length > 0) callback(this.rest);
  }
}

/** False when the scope names no single entity, so that the policy is to be found by something else. */
function put(index: Map<string, CompiledPolicy[]>, scope: Scope, policy: CompiledPolicy): boolean {
  if (scope.op === "all") return false;
  const named = scope.op === "is" ? scope.in : scope.entities.length === 1 ? scope.entities[0] : null;
  if (named === null || named === undefined) return false;
  const known = index.get(named.uid);
  if (known === undefined) index.set(named.uid, [policy]);
  else known.push(policy);
  return true;
}

function above(
  index: Map<string, CompiledPolicy[]>,
  entity: EntityValue,
  callback: (policies: Policies) => void,
): void {
  if (index.size === 0) return;
  const own = index.get(entity.uid);
  if (own !== undefined) callback(own);
  if (entity.data === null) return;
  for (const ancestor of entity.data.ancestors) {
    const found = index.get(ancestor);
    if (found !== undefined) callback(found);
  }
}
