import { type Bound, type Call, type Hold, type JsonObject, canonicalJson } from "@countersign/core";
import { argsCommitment } from "@countersign/credentials";

/** What a bound is made of: a call, and which of its arguments the signature leaves free. */
export interface BoundParts {
  readonly call: Call;
  /** base64url, 32 bytes. */
  readonly salt: string;
  /** Names of arguments that must stay as they are; every other one of the call is free. */
  readonly fixed: readonly string[];
}

/** The bound around a call (design 5.2), which names one exact resource; null for what no signature covers more than once. */
export function boundOf({ call, salt, fixed }: BoundParts): Bound | null {
  const { upstream, method, tool, toolDefinitionHash, resource, effect } = call;
  if ((effect !== "read" && effect !== "write") || hasSeveral(call)) return null;
  const names = Object.keys(call.arguments).toSorted(byCodeUnit);
  const kept = names.filter((name) => fixed.includes(name));
  return {
    upstream,
    method,
    tool,
    toolDefinitionHash,
    resource,
    effect,
    fixed: kept,
    free: names.filter((name) => !fixed.includes(name)),
    fixedCommitment: argsCommitment(salt, picked(call.arguments, kept)),
  };
}

/** INV-5: whether a call is one of those that a bound covers: all of it the same, but for the values of free arguments. */
export function covered(bound: Bound, { call, salt }: Pick<BoundParts, "call" | "salt">): boolean {
  const wanted = boundOf({ call, salt, fixed: bound.fixed });
  if (wanted === null || !wanted.free.every((name) => bound.free.includes(name))) return false;
  return canonicalJson({ ...wanted, free: bound.free }) === canonicalJson({ ...bound });
}

/** Why a call may be signed only once; null when a signature may cover several. */
export function onlyOnce(call: Call, holds: readonly Hold[], mapped: boolean): string | null {
  if (call.effect !== "read" && call.effect !== "write")
    return `an action whose effect is ${call.effect} is signed each time`;
  if (hasSeveral(call)) return "a signature for the task names one resource, and this acts on several";
  if (!mapped) return `\`${call.tool}\` has no resource mapping, so a signature cannot name what it covers`;
  const strict = holds.find(({ scopes }) => !scopes.includes("task"));
  return strict === undefined ? null : `\`${strict.policyId}\` asks for a signature each time`;
}

function hasSeveral({ resources = [] }: Call): boolean {
  return resources.length > 1;
}

function picked(args: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(args, name) ? [[name, args[name] ?? null]] : [])));
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
