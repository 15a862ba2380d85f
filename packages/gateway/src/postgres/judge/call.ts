import { judgeBuiltin } from "./builtins.ts";
import { judgeBody } from "./bodies.ts";
import type { FunctionFacts } from "./catalogue.ts";
import { walkExpression } from "./definitions.ts";
import { isHarmless } from "./extensions.ts";
import { IMPLIED, type Scope, callOid, first } from "./scope.ts";
import type { Value } from "./tree.ts";
import { meetType } from "./types-met.ts";

/** Objects below this OID come with PostgreSQL itself. */
const FIRST_OWN_OID = 16_384;

/** Notes what a call does: by a list for functions of the server, by their bodies for those in SQL and PL/pgSQL. */
export function call(scope: Scope, called: FunctionFacts, args: readonly Value[]): void {
  if (scope.runs) {
    if (args !== IMPLIED || !computes(called)) scope.found.calls(called);
    if (called.language === "internal" && called.oid < FIRST_OWN_OID) judgeBuiltin(scope, called, args);
    else callOwn(scope, called, args);
    return;
  }
  // The planner calls what is not volatile to learn its value.
  if (scope.planned && called.volatility !== "v") call({ ...scope, runs: true, planned: false }, called, args);
}

function computes(called: FunctionFacts): boolean {
  return called.language === "c" ? isHarmless(called) : called.language === "internal" && called.volatility !== "v";
}

function callOwn(scope: Scope, called: FunctionFacts, args: readonly Value[]): void {
  if (args.length < called.argumentTypes.length && called.defaultArguments !== null)
    walkExpression(scope, called.defaultArguments);
  if (!first(scope, `function ${String(called.oid)}`)) return;
  for (const type of [...called.argumentTypes, called.returns]) meetType(scope, type, true);
  if (called.kind === "a") for (const part of called.parts) callOid(scope, part);
  else follow(scope, called);
}

function follow(scope: Scope, called: FunctionFacts): void {
  switch (called.language) {
    case "sql":
    case "plpgsql":
      judgeBody(scope, called);
      return;
    case "c":
    case "internal":
      if (called.oid < FIRST_OWN_OID && called.volatility !== "v") return;
      if (!isHarmless(called)) notReadable(scope, called);
      return;
    default:
      notReadable(scope, called);
  }
}

function notReadable({ found }: Scope, { schema, name, language, extension }: FunctionFacts): void {
  if (extension !== null && REACHING.has(extension)) {
    found.effect("external");
    found.lasting ??= `\`${schema}.${name}\``;
  }
  found.doubt(`\`${schema}.${name}\` is a function in ${language} whose effect is not known`);
}

/** Extensions whose functions reach other servers or files. */
const REACHING: ReadonlySet<string> = new Set([
  "dblink",
  "postgres_fdw",
  "file_fdw",
  "adminpack",
  "http",
  "pg_net",
  "pg_cron",
  "aws_s3",
]);
