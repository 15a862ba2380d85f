import {
  type Call,
  type Json,
  type JsonObject,
  databaseResource,
  relationResource,
  tooManyResources,
} from "@countersign/core";
import { isUtf8 } from "node:buffer";
import type { RefusedCall } from "@countersign/enforce";
import type { Verdict } from "../judge/index.ts";
import type { BindMessage } from "../wire/index.ts";

export interface StatementParts {
  /** Name of the upstream. */
  readonly database: string;
  readonly sql: string;
  readonly bind: Pick<BindMessage, "formats" | "parameters"> | null;
  readonly searchPath: readonly string[];
  readonly verdict: Verdict;
}

/** The call of a statement (ADR 0009), or why it can be none. */
export function formCall(parts: StatementParts): Call | RefusedCall {
  const { database, verdict } = parts;
  const action = `sql:${database}/${verdict.effect}`;
  const names = resourcesOf(parts);
  const [resource = databaseResource(database)] = names;
  const several = names.length > 1 ? { resources: names } : {};
  const refused = refusalOf(verdict, names);
  if (refused !== null) return { refused, action, resource, ...(tooManyResources(names) ? {} : several) };
  return {
    upstream: database,
    method: "sql",
    tool: "statement",
    toolDefinitionHash: null,
    action,
    resource,
    ...several,
    effect: verdict.effect,
    arguments: argumentsOf(parts),
  };
}

/** What is said to a database beside statements: that a session begins, or a batch ends. */
export function besideCall(database: string, tool: "session" | "sync"): Call {
  return {
    upstream: database,
    method: "sql",
    tool,
    toolDefinitionHash: null,
    action: `sql:${database}/read`,
    resource: databaseResource(database),
    effect: "read",
    arguments: { database },
  };
}

function refusalOf(verdict: Verdict, names: readonly string[]): RefusedCall["refused"] | null {
  const { fault, reason } = verdict;
  if (fault !== null) return { step: "input", code: "input.not_sql", reason: fault.message };
  if (verdict.verdict === "refused")
    return {
      step: "policy",
      code: "policy.denied",
      reason: `${reason ?? "this statement"}; it is never permitted here`,
    };
  if (tooManyResources(names))
    return { step: "input", code: "input.too_large", reason: "the statement touches more relations than one call may" };
  return null;
}

/** Every relation that is read or written, sorted, once. */
function resourcesOf({ database, verdict }: StatementParts): readonly string[] {
  const relations = new Set([...verdict.reads, ...verdict.writes]);
  const names = [...relations].map((relation) => relationResource(database, ...partsOf(relation)));
  return [...new Set(names)].toSorted();
}

/** `schema.relation`, each quoted where SQL needs it, in its parts as the catalogue spells them. */
function partsOf(relation: string): [schema: string, name: string] {
  const parts = relation.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
  const [schema = "", name = ""] = parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  );
  return [schema, name];
}

function argumentsOf({ database, sql, bind, searchPath, verdict }: StatementParts): JsonObject {
  const { reads, writes, functions, effects, reason, statements } = verdict;
  return {
    sql,
    ...(bind === null ? {} : { parameters: bind.parameters.map((value, at) => shown(value, formatOf(bind, at))) }),
    database,
    searchPath: [...searchPath],
    effects: [...effects],
    reads: [...reads],
    writes: [...writes],
    functions: [...functions],
    ...(reason === null ? {} : { unknown: reason }),
    // Held by a rule that no policy lifts.
    ...(statements.some(({ unqualified }) => unqualified) ? { unqualified: true } : {}),
  };
}

function formatOf({ formats }: Pick<BindMessage, "formats">, at: number): number {
  return (formats.length === 1 ? formats[0] : formats[at]) ?? 0;
}

/** A parameter as it was sent: text where it is text, else its bytes. */
function shown(value: Buffer | null, format: number): Json {
  if (value === null) return null;
  if (format === 0 && isUtf8(value)) return value.toString("utf8");
  return { base64url: value.toString("base64url") };
}
