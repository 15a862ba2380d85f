import { type Scope, callOid } from "./scope.ts";

/** Notes that the catalogue changes; event triggers run. `made`: a new relation, which only its own name may mean afterwards. */
export function noteDdl(scope: Scope, made?: string): void {
  const { found, text, catalogue, runs } = scope;
  if (!runs) return;
  found.changesCatalogue = true;
  for (const oid of catalogue.eventTriggers) callOid(scope, oid);
  if (made !== undefined && scope.direct) text.made.add(made);
  else found.catalogueMoved = true;
}
