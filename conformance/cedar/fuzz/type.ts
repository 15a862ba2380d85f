import type { Chance } from "../../../e2e/fault/chance.ts";

/** Types of which values and expressions are made. */
export type Type =
  | { readonly of: "bool" | "long" | "string" | "decimal" | "ip" | "datetime" | "duration" }
  | { readonly of: "entity"; readonly name: string }
  | { readonly of: "set"; readonly element: Type }
  | { readonly of: "record"; readonly members: readonly (readonly [string, Type])[] };

export const ENTITY_TYPES = ["User", "Group", "Org::Doc"] as const;
export const BOOL: Type = { of: "bool" };
export const LONG: Type = { of: "long" };
export const STRING: Type = { of: "string" };
/** Names that are attributes like others: also those that every object of JavaScript has. */
export const NAMES = ["a", "b", "c", "toString", "__proto__", "constructor", "x y", ""] as const;

const SIMPLE = ["bool", "long", "string", "decimal", "ip", "datetime", "duration"] as const;

export function anyType(chance: Chance, depth = 2): Type {
  const dice = chance.next();
  if (depth > 0 && dice < 0.12) return { of: "set", element: anyType(chance, depth - 1) };
  if (depth > 0 && dice < 0.24) {
    const names = chance.some(NAMES).slice(0, 3);
    return { of: "record", members: names.map((name) => [name, anyType(chance, depth - 1)] as const) };
  }
  if (dice < 0.36) return { of: "entity", name: chance.one(ENTITY_TYPES) };
  return { of: chance.one(SIMPLE) };
}

/** The type in Cedar's JSON form of a schema. */
export function typeJson(type: Type): object {
  switch (type.of) {
    case "bool":
      return { type: "Boolean" };
    case "long":
      return { type: "Long" };
    case "string":
      return { type: "String" };
    case "ip":
      return { type: "Extension", name: "ipaddr" };
    case "decimal":
    case "datetime":
    case "duration":
      return { type: "Extension", name: type.of };
    case "entity":
      return { type: "Entity", name: type.name };
    case "set":
      return { type: "Set", element: typeJson(type.element) };
    case "record":
      return { type: "Record", attributes: Object.fromEntries(type.members.map(([name, of]) => [name, typeJson(of)])) };
  }
}
