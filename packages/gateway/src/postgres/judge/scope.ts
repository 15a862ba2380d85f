import type { Catalogue, FunctionFacts, RelationFacts } from "./catalogue.ts";
import type { Deed } from "./deed.ts";
import type { Findings } from "./findings.ts";
import type { Value } from "./tree.ts";
import type { Session } from "./verdict.ts";

/** Where a part of a statement stands: what its names mean and whether it runs. Never changed: a nested part gets its own. */
export interface Scope {
  readonly catalogue: Catalogue;
  readonly session: Session;
  readonly found: Findings;
  /** Schemas in which names of this text are looked up; null: not known any more. */
  readonly path: readonly string[] | null;
  /** The session's search path while it runs, which functions without one of their own see. */
  readonly runtimePath: readonly string[] | null;
  /** Names of WITH queries that are visible here. */
  readonly ctes: ReadonlySet<string>;
  /** False for what is only planned or kept: EXPLAIN, PREPARE, CREATE VIEW. */
  readonly runs: boolean;
  /** Not run, but planned: views are opened, and functions that are not volatile may be called. */
  readonly planned: boolean;
  /** Written in the statement itself, not reached through a view, a trigger, a function. */
  readonly direct: boolean;
  /** Shared by one statement: what its aliases stand for; null when several things have that name. */
  readonly aliases: Map<string, RelationFacts | null>;
  /** Shared by one judgement: `x.f` and `(x).f`, which may call a function. */
  readonly projections: Projection[];
  /** Shared by one text: what earlier statements of it have made of the session. */
  readonly text: TextState;
  readonly depth: number;
  readonly judge: Judge;
}

/** The parts of the judge that call each other in a circle. */
export interface Judge {
  /** Any statement, as a node of the parser. */
  statement(scope: Scope, value: Value): void;
  /** Any expression or part of a query. */
  walk(scope: Scope, value: Value): void;
  touch(scope: Scope, relation: RelationFacts, deed: Deed): void;
  call(scope: Scope, called: FunctionFacts, args: readonly Value[]): void;
}

export interface Projection {
  readonly scope: Scope;
  readonly name: string;
  /** Alias before the dot, null for an expression in brackets. */
  readonly alias: string | null;
}

/** What the statements before have changed within the same text, before the catalogue can know of it. */
export interface TextState {
  readonly prepared: Map<string, { readonly tree: Value; readonly text: string }>;
  readonly cursors: Map<string, Value>;
  /** Relations that were made: a name that is used again means one that the catalogue does not have yet. */
  readonly made: Set<string>;
  /** Why nothing further can be known; null while it can. */
  moved: string | null;
  /** The search path for what follows; null: not known, undefined: still the session's. */
  path: readonly string[] | null | undefined;
}

export function freshText(): TextState {
  return { prepared: new Map(), cursors: new Map(), made: new Set(), moved: null, path: undefined };
}

/** For a text that the catalogue holds, printed with an empty search path. */
export function stored(scope: Scope): Scope {
  return { ...scope, path: [], ctes: new Set(), direct: false, aliases: new Map(), depth: scope.depth + 1 };
}

/** True the first time that this is met in the same circumstances. */
export function first(scope: Scope, key: string): boolean {
  const { found, runs, planned, runtimePath } = scope;
  return found.follow(`${runs ? "" : planned ? "planned " : "kept "}${runtimePath?.join(",") ?? "?"} ${key}`);
}

/** Calls the function with that OID. */
export function callOid(scope: Scope, oid: number): void {
  const called = scope.catalogue.functionByOid(oid);
  if (called === undefined) scope.found.doubt("it calls a function that is not known");
  else scope.judge.call(scope, called, IMPLIED);
}

/** The arguments of a call that nobody wrote: what only computes is not listed then. */
export const IMPLIED: readonly Value[] = [];

const MOVED = "an earlier statement of the same text changed the catalogue";

/** A statement of a text is over: what it changed bears on those that follow. */
export function ended({ found, text }: Scope): void {
  if (found.catalogueMoved) text.moved ??= MOVED;
}
