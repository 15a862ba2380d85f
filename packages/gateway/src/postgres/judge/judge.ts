import { graver } from "@countersign/core";
import { call } from "./call.ts";
import type { Catalogue } from "./catalogue.ts";
import { factsOf } from "./facts.ts";
import { Findings } from "./findings.ts";
import { callProjection } from "./names-called.ts";
import { type ReadStatement, readText } from "./read-text.ts";
import { type Scope, type TextState, ended, freshText } from "./scope.ts";
import { settle } from "./settle.ts";
import { judgeStatement } from "./statements.ts";
import { touch } from "./touch.ts";
import { tagged } from "./tree.ts";
import type { Session, StatementFacts, TextFault, Verdict } from "./verdict.ts";
import { meetType } from "./types-met.ts";
import { walk } from "./walk.ts";

/** A verdict, and whether it holds for every session with this search path: one that rests on prepared statements or cursors does not. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly ofSession: boolean;
}

/**
 * Judges a text by effect: text, session and catalogue facts in, verdict out, nothing else is asked. Never throws: what it can't follow is
 * `unknown`, what PostgreSQL's grammar does not take is `refused`. `loadModule` of libpg-query has to have run.
 */
export function judgement(text: string, session: Session, catalogue: Catalogue): Judgement {
  const read = readText(text);
  if (!read.ok) return { verdict: faulty(read.fault), ofSession: false };
  const state = freshText();
  if (session.uncommittedCatalogue === true) state.moved = "the open block has changed the catalogue";
  const all: Findings[] = [];
  const statements: StatementFacts[] = [];
  for (const statement of read.statements) {
    const found = new Findings();
    const scope = scopeOf({ found, session, catalogue, state });
    if (session.standardConformingStrings === false && text.includes("\\"))
      found.doubt("the session reads backslashes in strings in another way");
    judgeOne(scope, statement);
    all.push(found);
    statements.push(factsOf(statement, found));
  }
  return { verdict: verdictOf(all, statements), ofSession: all.some(({ ofSession }) => ofSession) };
}

function judgeOne(scope: Scope, statement: ReadStatement): void {
  const { found, text } = scope;
  const [kind] = tagged(statement.tree);
  if (kind === "SelectStmt") found.effect("read");
  try {
    // Values of the types that the client declared are read, and so checked, before anything runs.
    for (const oid of scope.session.parameterTypes ?? []) if (oid !== 0) meetType(scope, oid, true);
    judgeStatement(scope, statement.tree);
    settle(scope, callProjection);
  } catch (error) {
    // Doubt denies (INV-2): too deep for our own stack, or a mistake of the judge; what was found stays, the rest is unknown.
    found.doubt(error instanceof RangeError ? "the statement is nested too deep" : "the statement could not be judged");
  }
  // SET of the path by a SELECT comes in the midst of its other calls.
  const movesPath = kind !== "VariableSetStmt" && found.settings.some(({ name }) => name === "search_path");
  if (movesPath && [...found.followed].some((key) => key.includes(" function ")))
    found.doubt("the search path changes while functions run");
  if (found.unknown !== null) text.moved ??= "an earlier statement of the same text is unknown";
  ended(scope);
}

interface Given {
  readonly found: Findings;
  readonly session: Session;
  readonly catalogue: Catalogue;
  readonly state: TextState;
}

function scopeOf({ found, session, catalogue, state }: Given): Scope {
  const path = state.path === undefined ? session.searchPath : state.path;
  return {
    catalogue,
    session,
    found,
    path,
    runtimePath: path,
    ctes: new Set(),
    runs: true,
    planned: false,
    direct: true,
    aliases: new Map(),
    projections: [],
    text: state,
    depth: 0,
    judge: { statement: judgeStatement, walk, touch, call },
  };
}

function verdictOf(all: readonly Findings[], statements: readonly StatementFacts[]): Verdict {
  const merged = new Findings();
  for (const found of all) for (const effect of found.effectList()) merged.effect(effect);
  const refused = all.find((found) => found.refused !== null)?.refused ?? null;
  const unknown = all.find((found) => found.unknown !== null)?.unknown ?? null;
  const effects = merged.effectList();
  const sorted = (of: (found: Findings) => ReadonlySet<string>): readonly string[] =>
    [...new Set(all.flatMap((found) => [...of(found)]))].toSorted((a, b) => (a < b ? -1 : 1));
  return {
    verdict: refused !== null ? "refused" : unknown !== null ? "unknown" : "known",
    reason: refused ?? unknown,
    fault: null,
    effect: effects.reduce(graver),
    effects,
    reads: sorted(({ reads }) => reads),
    writes: sorted(({ writes }) => writes),
    functions: sorted(({ functions }) => functions),
    missing: sorted(({ missing }) => missing),
    statements,
  };
}

function faulty(fault: TextFault): Verdict {
  const none = { reads: [], writes: [], functions: [], missing: [], statements: [] };
  return { verdict: "refused", reason: fault.message, fault, effect: "unknown", effects: ["unknown"], ...none };
}
