import type { CastFacts, OperatorFacts } from "./catalogue.ts";
import { type Projection, type Scope, callOid } from "./scope.ts";
import { meetType } from "./types-met.ts";

const ROUNDS_MAX = 100;

/**
 * What can be said only when the whole statement was read: operators and casts that somebody made, by the types that the statement meets, and
 * `x.f`. Each may bring more of its kind, so this goes on until nothing comes.
 */
export function settle(scope: Scope, project: (projection: Projection) => void): void {
  const { found, projections, catalogue } = scope;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const before = found.followed.size + found.types.size + found.operators.size + projections.length;
    for (const projection of projections.splice(0)) project(projection);
    for (const oid of found.types) meetType(scope, oid, false);
    for (const [name, schemas] of found.operators)
      for (const operator of catalogue.operators(name))
        if (schemas.has(operator.schema) && fits(scope, operator)) apply(scope, operator);
    for (const cast of catalogue.casts) if (casts(scope, cast)) converted(scope, cast);
    const after = found.followed.size + found.types.size + found.operators.size + projections.length;
    if (after === before) return;
  }
  found.doubt("operators and casts lead to each other without end");
}

/** Whether operands of its types may be there: what PostgreSQL comes with always may. */
function fits({ catalogue, found }: Scope, { left, right }: OperatorFacts): boolean {
  const own = [left, right].filter((oid) => oid !== 0 && (catalogue.typeByOid(oid)?.oid ?? 0) >= FIRST_OWN_OID);
  return own.length === 0 || own.some((oid) => found.types.has(oid)) || !catalogue.typeByOid(own[0] ?? 0);
}

const FIRST_OWN_OID = 16_384;

function apply(scope: Scope, { functions, result }: OperatorFacts): void {
  const { catalogue } = scope;
  const [own, ...others] = functions;
  const called = catalogue.functionByOid(own ?? 0);
  // The operator was written, so its function is called by name; the others are the planner's.
  if (called !== undefined) scope.judge.call(scope, called, []);
  for (const oid of called === undefined ? functions : others) callOid(scope, oid);
  scope.found.types.add(result);
}

/** An explicit cast has to be written, so its target is a type that was met; the others come by themselves. */
function casts({ found }: Scope, { source, target, context }: CastFacts): boolean {
  if (context === "e") return found.castTo.has(target) && (found.types.has(source) || source < FIRST_OWN_OID);
  return found.types.has(target) || found.types.has(source);
}

function converted(scope: Scope, { function: oid, target }: CastFacts): void {
  callOid(scope, oid);
  scope.found.types.add(target);
}
