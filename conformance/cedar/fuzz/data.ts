import type { Chance } from "../../../e2e/fault/chance.ts";
import { ENTITY_TYPES, NAMES, type Type, anyType, typeJson } from "./type.ts";

/** An entity's name. */
export interface Name {
  readonly type: string;
  readonly id: string;
}
/** Everything that policies are asked about: types of attributes, entities and contexts. */
export interface World {
  /** Null: entities and contexts are read without one. */
  readonly schema: object | null;
  readonly attributes: ReadonlyMap<string, readonly (readonly [string, Type])[]>;
  readonly tags: ReadonlyMap<string, Type>;
  readonly context: readonly (readonly [string, Type])[];
  readonly entities: readonly object[];
  readonly names: readonly Name[];
}

export const ACTIONS: readonly Name[] = ["view", "edit", "all"].map((id) => ({ type: "Action", id }));
const IDS = ["0", "1", "toString", "é\u0000"] as const;
const LONGS = [
  0n,
  1n,
  -1n,
  2n,
  10n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  3_037_000_500n,
] as const;
export const STRINGS = [
  "",
  "a",
  "ab",
  "aab",
  "a*b",
  "*",
  "日本",
  "\u{1F600}",
  "e\u0301",
  "é",
  "toString",
  "a\nb",
] as const;
const TEXTS = {
  decimal: ["0.0", "1.0", "1.00", "-0.5", "0.5", "922337203685477.5807", "-922337203685477.5808", "1.2345"],
  ip: [
    "1.2.3.4",
    "10.0.0.0/8",
    "10.0.0.1/24",
    "0.0.0.0/0",
    "127.0.0.1",
    "127.0.0.0/7",
    "224.0.0.1/4",
    "::1",
    "::/0",
    "ff02::1",
    "ff00::/7",
    "2001:db8::/32",
  ],
  datetime: [
    "2024-01-01",
    "2024-02-29T12:34:56Z",
    "1969-12-31T23:59:59.999Z",
    "0000-01-01",
    "9999-12-31T23:59:59.999-2359",
    "2024-01-01T01:00:00+0100",
  ],
  duration: ["0ms", "1d", "-1d", "1d2h3m4s5ms", "90m", "9223372036854775807ms", "-9223372036854775808ms", "-1500ms"],
} as const;
/** Beside them, texts of which an extension makes nothing. */
const BROKEN = [
  "",
  "1",
  "x",
  "1.23456",
  "01.2.3.4",
  "1.2.3.4/33",
  "2024-02-30",
  "2024-01-01T24:00:00Z",
  "1h1d",
  "99999999999999999999ms",
  "::1::",
] as const;

export function anyLong(chance: Chance): bigint {
  return chance.is(0.5) ? BigInt(chance.below(12) - 3) : chance.one(LONGS);
}

export function extensionText(chance: Chance, name: keyof typeof TEXTS): string {
  return chance.is(0.06) ? chance.one(BROKEN) : chance.one<string>(TEXTS[name]);
}

export function anyWorld(chance: Chance): World {
  const members = (): (readonly [string, Type])[] => NAMES.slice(0, 6).map((name) => [name, anyType(chance)] as const);
  const attributes = new Map(ENTITY_TYPES.map((type) => [type as string, members()] as const));
  const tags = new Map(ENTITY_TYPES.map((type) => [type as string, anyType(chance, 1)] as const));
  const context = members();
  const isTyped = chance.is(0.5);
  const names = ENTITY_TYPES.flatMap((type) => IDS.map((id) => ({ type, id })));
  // One of them does not exist.
  const made = names
    .slice(0, -1)
    .map((name, i) => entity(chance, { name, above: names.slice(0, i), isTyped, attributes, tags }));
  const actions = isTyped
    ? []
    : [entityOf(ACTIONS[0] as Name, { parents: [ACTIONS[2]] }), entityOf(ACTIONS[2] as Name, {})];
  const schema = isTyped ? schemaOf({ attributes, tags, context }) : null;
  return { schema, attributes, tags, context, entities: [...made, ...actions], names };
}

interface EntityParts {
  readonly name: Name;
  /** Parents are chosen of these, so that there is no cycle. */
  readonly above: readonly Name[];
  readonly isTyped: boolean;
  readonly attributes: World["attributes"];
  readonly tags: World["tags"];
}

function entity(chance: Chance, { name, above, isTyped, attributes, tags }: EntityParts): object {
  const attrs = (attributes.get(name.type) ?? [])
    // An optional attribute may be missing.
    .filter(() => chance.is(0.85))
    .map(([member, type]) => [member, valueOf(chance, type, isTyped)] as const);
  const tagged = ["t", "toString"]
    .filter(() => chance.is(0.5))
    .map((tag) => [tag, valueOf(chance, tags.get(name.type) as Type, isTyped)] as const);
  const parents = above.filter(() => chance.is(0.2));
  return entityOf(name, { attrs: Object.fromEntries(attrs), tags: Object.fromEntries(tagged), parents });
}

function entityOf(
  uid: Name,
  { attrs = {}, tags = {}, parents = [] }: { attrs?: object; tags?: object; parents?: readonly unknown[] },
): object {
  return { uid, attrs, tags, parents };
}

function schemaOf({ attributes, tags, context }: Pick<World, "attributes" | "tags" | "context">): object {
  const shape = (members: readonly (readonly [string, Type])[]): object => ({
    type: "Record",
    attributes: Object.fromEntries(members.map(([name, type]) => [name, { ...typeJson(type), required: false }])),
  });
  const types = (prefix: string): object =>
    Object.fromEntries(
      ENTITY_TYPES.filter((name) => (prefix === "" ? !name.includes("::") : name.startsWith(prefix))).map((name) => [
        name.slice(prefix.length),
        {
          memberOfTypes: [...ENTITY_TYPES],
          shape: shape(attributes.get(name) ?? []),
          tags: typeJson(tags.get(name) as Type),
        },
      ]),
    );
  const appliesTo = { principalTypes: [...ENTITY_TYPES], resourceTypes: [...ENTITY_TYPES], context: shape(context) };
  return {
    "": {
      entityTypes: types(""),
      actions: { all: {}, view: { memberOf: [{ id: "all" }], appliesTo }, edit: { appliesTo } },
    },
    Org: { entityTypes: types("Org::"), actions: {} },
  };
}

export function anyContext(chance: Chance, { context, schema }: World, action: Name): object {
  // A group of actions applies to nothing itself.
  if (schema !== null && action.id === "all") return {};
  const members = context
    .filter(() => chance.is(0.8))
    .map(([name, type]) => [name, valueOf(chance, type, schema !== null)] as const);
  return Object.fromEntries(members);
}

/** A value in JSON. `implicit`: a schema tells what a plain text or object stands for. */
function valueOf(chance: Chance, type: Type, implicit: boolean): unknown {
  switch (type.of) {
    case "bool":
      return chance.is(0.5);
    case "long":
      return anyLong(chance);
    case "string":
      return chance.one(STRINGS);
    case "entity": {
      const name = { type: type.name, id: chance.one(IDS) };
      return implicit && chance.is(0.5) ? name : { __entity: name };
    }
    case "set":
      return Array.from({ length: chance.below(4) * chance.below(5) }, () => valueOf(chance, type.element, implicit));
    case "record":
      return Object.fromEntries(type.members.map(([name, of]) => [name, valueOf(chance, of, implicit)]));
    case "decimal":
    case "ip":
    case "datetime":
    case "duration": {
      const text = chance.one<string>(TEXTS[type.of]);
      return implicit && chance.is(0.5) ? text : { __extn: { fn: type.of, arg: text } };
    }
  }
}
