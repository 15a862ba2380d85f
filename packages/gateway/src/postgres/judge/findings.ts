import { EFFECTS, type Effect } from "@countersign/core";
import type { FunctionFacts, RelationFacts } from "./catalogue.ts";
import { qualified } from "./names.ts";
import type { Operation, RelationUse, SettingChange } from "./verdict.ts";

/** The most relations, functions and bodies that one judgement follows; beyond it the rest is unknown. */
const FOLLOWED_MAX = 5_000;

/** What has been found so far about one statement. */
export class Findings {
  readonly effects: Set<Effect> = new Set();
  readonly reads: Set<string> = new Set();
  readonly writes: Set<string> = new Set();
  readonly functions: Set<string> = new Set();
  readonly settings: SettingChange[] = [];
  /** Names of operators and the schemas that they may come from. */
  readonly operators: Map<string, Set<string>> = new Map();
  /** Types whose values the statement meets. */
  readonly types: Set<number> = new Set();
  /** Types that a value which is no constant is cast to. */
  readonly castTo: Set<number> = new Set();
  /** What was followed already: bodies, relations with an operation. */
  readonly followed: Set<string> = new Set();
  private readonly uses = new Map<string, RelationUse>();
  /** Names of relations and functions that the catalogue does not have. */
  readonly missing: Set<string> = new Set();
  unknown: string | null = null;
  refused: string | null = null;
  unqualified: boolean = false;
  changesCatalogue: boolean = false;
  /** … by more than a relation of a new name. */
  catalogueMoved: boolean = false;
  /** What a rollback would not take back; null when there is nothing. */
  lasting: string | null = null;
  /** The judgement rests on what the session has prepared or opened. */
  ofSession: boolean = false;

  effect(effect: Effect): void {
    this.effects.add(effect);
  }

  /** Something that can't be followed. The first reason is kept. */
  doubt(reason: string): void {
    this.unknown ??= reason;
    this.effects.add("unknown");
  }

  refuse(reason: string): void {
    this.refused ??= reason;
    this.effects.add("unknown");
  }

  use(relation: RelationFacts, operation: Operation, how: { direct: boolean; unqualified?: boolean }): void {
    this.useNamed(qualified(relation.schema, relation.name), operation, how);
  }

  useNamed(relation: string, operation: Operation, how: { direct: boolean; unqualified?: boolean }): void {
    if (operation === "select") this.reads.add(relation);
    else this.writes.add(relation);
    this.effects.add(effectOf(operation));
    const key = `${operation} ${relation}`;
    const before = this.uses.get(key);
    const unqualified = how.unqualified === true || before?.unqualified === true;
    if (unqualified) this.unqualified = true;
    this.uses.set(key, { relation, operation, direct: how.direct || before?.direct === true, unqualified });
  }

  calls({ schema, name }: FunctionFacts): void {
    this.functions.add(qualified(schema, name));
  }

  /** True the first time. */
  follow(key: string): boolean {
    if (this.followed.has(key)) return false;
    if (this.followed.size >= FOLLOWED_MAX) {
      this.doubt("it sets off more than can be followed");
      return false;
    }
    this.followed.add(key);
    return true;
  }

  relations(): readonly RelationUse[] {
    return [...this.uses.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, use]) => use);
  }

  /** In the order of `EFFECTS`; what does nothing else reads. */
  effectList(): readonly Effect[] {
    const found = EFFECTS.filter((effect) => this.effects.has(effect));
    return found.length === 0 ? ["read"] : found;
  }
}

function effectOf(operation: Operation): Effect {
  switch (operation) {
    case "select":
      return "read";
    case "delete":
    case "truncate":
    case "drop":
      return "destructive";
    case "lock":
    case "insert":
    case "update":
    case "create":
    case "alter":
    case "maintain":
    case "advance":
      return "write";
    default:
      return operation satisfies never;
  }
}
