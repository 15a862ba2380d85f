import { type Json, isJsonObject } from "@countersign/core";
import type { ReadNode } from "./reads.ts";

/** A value in Cedar's JSON form. Objects have no prototype. */
export type CedarJson = boolean | number | string | readonly CedarJson[] | { readonly [key: string]: CedarJson };
/** A value that Cedar's JSON cannot carry as it is: the path from the root of the open record to it. */
export type InexactPath = readonly string[];

/** Keys that Cedar's JSON reader takes for something else than a member of a record. */
const ESCAPES: ReadonlySet<string> = new Set(["__entity", "__extn", "__expr"]);
const DEEPEST = 64;
const I64_MAX = 9_223_372_036_854_775_807n;
const INTEGER = /^-?\d+$/;
const DECIMAL = /^-?\d+\.\d{1,4}$/;

/**
 * Converts the part of a JSON value that policies read (design 5.1): integers within i64 become Long, numbers with at most four
 * decimals decimal, null is absent, arrays become sets. Numbers count by their canonical text, which is what is forwarded.
 * All else is left out and its path added to `inexact`: a policy that depends on it must fail.
 *
 * Returns undefined for what is absent or inexact.
 */
export function cedarValue(value: Json | undefined, node: ReadNode, inexact: InexactPath[]): CedarJson | undefined {
  return convert(value, node, { inexact, path: [] });
}

interface Walk {
  readonly inexact: InexactPath[];
  readonly path: readonly string[];
}

function convert(value: Json | undefined, node: ReadNode, walk: Walk): CedarJson | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "number") return cedarNumber(value) ?? refuse(walk);
  if (typeof value === "boolean") return value;
  // INV-2: where only the presence counts, any value of the same kind gives the same answer.
  if (typeof value === "string") return node.whole ? value : "";
  if (walk.path.length >= DEEPEST) return refuse(walk);
  if (isJsonObject(value)) return record(value, node, walk);
  return Array.isArray(value) ? set(value, node, walk) : refuse(walk);
}

function record(value: { readonly [key: string]: Json }, node: ReadNode, walk: Walk): CedarJson | undefined {
  const out = Object.create(null) as Record<string, CedarJson>;
  const names = node.whole ? Object.keys(value) : node.members.keys();
  for (const name of names) {
    if (!Object.hasOwn(value, name)) continue;
    if (ESCAPES.has(name)) return refuse(walk);
    const member = node.whole ? node : (node.members.get(name) ?? node);
    const converted = convert(value[name], member, { inexact: walk.inexact, path: [...walk.path, name] });
    if (converted !== undefined) out[name] = converted;
  }
  return out;
}

function set(values: readonly Json[], node: ReadNode, walk: Walk): CedarJson | undefined {
  if (!node.whole) return [];
  const out: CedarJson[] = [];
  // An element has no name: what is inexact in one makes the whole set inexact.
  const within: Walk = { inexact: [], path: [...walk.path, "*"] };
  for (const value of values) {
    const element = convert(value, node, within);
    if (element === undefined || within.inexact.length > 0) return refuse(walk);
    out.push(element);
  }
  return out;
}

function refuse(walk: Walk): undefined {
  walk.inexact.push(walk.path);
  return undefined;
}

/** A Long or a decimal, or undefined when it is neither. `JSON.stringify` prints both exactly as their canonical text. */
function cedarNumber(value: number): CedarJson | undefined {
  if (Number.isSafeInteger(value)) return value;
  const text = String(value);
  if (INTEGER.test(text)) return within64(BigInt(text)) ? value : undefined;
  if (!DECIMAL.test(text)) return undefined;
  const [whole = "", fraction = ""] = text.split(".");
  return within64(BigInt(whole + fraction.padEnd(4, "0"))) ? { __extn: { fn: "decimal", arg: text } } : undefined;
}

function within64(value: bigint): boolean {
  return value >= -I64_MAX - 1n && value <= I64_MAX;
}
