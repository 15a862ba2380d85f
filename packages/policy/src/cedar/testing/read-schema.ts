import type { ReadSchema, SchemaAction, ValueType } from "../value-type.ts";

const PLAIN: ValueType = { kind: "plain" };
const EXTENSIONS: ReadonlyMap<string, ValueType> = new Map(
  [
    ["ipaddr", "ip"],
    ["decimal", "decimal"],
    ["datetime", "datetime"],
    ["duration", "duration"],
  ].map(([type = "", name = ""]) => [type, { kind: "extension", name }]),
);
const PRIMITIVES: ReadonlySet<string> = new Set(["String", "Long", "Boolean", "Bool"]);
const DEEPEST = 64;

interface JsonType {
  readonly type: string;
  readonly name?: string;
  readonly element?: JsonType;
  readonly attributes?: Readonly<Record<string, JsonType>>;
}
interface JsonNamespace {
  readonly commonTypes?: Readonly<Record<string, JsonType>>;
  readonly entityTypes?: Readonly<Record<string, { readonly shape?: JsonType; readonly tags?: JsonType }>>;
  readonly actions?: Readonly<Record<string, JsonAction>>;
}
interface JsonAction {
  readonly memberOf?: readonly { readonly id: string; readonly type?: string }[] | null;
  readonly appliesTo?: { readonly context?: JsonType } | null;
}

/** Reads Cedar's JSON form of a schema, already checked by Cedar. */
export function readSchema(json: unknown): ReadSchema {
  const names = new Names(json as Record<string, JsonNamespace>);
  const attributes = new Map<string, ValueType>();
  const tags = new Map<string, ValueType>();
  const contexts = new Map<string, ValueType>();
  const actions: SchemaAction[] = [];
  for (const [namespace, { entityTypes = {}, actions: declared = {} }] of names.spaces) {
    for (const [name, { shape, tags: tag }] of Object.entries(entityTypes)) {
      if (shape !== undefined) attributes.set(qualified(namespace, name), names.resolve(shape, namespace));
      if (tag !== undefined) tags.set(qualified(namespace, name), names.resolve(tag, namespace));
    }
    const type = qualified(namespace, "Action");
    for (const [id, { memberOf, appliesTo }] of Object.entries(declared)) {
      const parents = (memberOf ?? []).map((parent) => ({
        id: parent.id,
        type: names.actionType(parent.type, namespace),
      }));
      actions.push({ type, id, parents });
      const context = appliesTo?.context;
      if (context !== undefined) contexts.set(`${type} ${id}`, names.resolve(context, namespace));
    }
  }
  return {
    actions,
    attributes: (type) => attributes.get(type) ?? null,
    tags: (type) => tags.get(type) ?? null,
    context: (type, id) => contexts.get(`${type} ${id}`) ?? null,
  };
}

function qualified(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}::${name}`;
}

/** What names stand for: a common type of the own namespace, or of none; an entity type; a type of the language. */
class Names {
  readonly spaces: readonly (readonly [string, JsonNamespace])[];
  private readonly common = new Map<string, readonly [JsonType, string]>();
  private readonly entities = new Set<string>();
  private readonly actions = new Set<string>();

  constructor(json: Record<string, JsonNamespace>) {
    this.spaces = Object.entries(json);
    for (const [namespace, { commonTypes = {}, entityTypes = {}, actions = {} }] of this.spaces) {
      for (const [name, type] of Object.entries(commonTypes))
        this.common.set(qualified(namespace, name), [type, namespace]);
      for (const name of Object.keys(entityTypes)) this.entities.add(qualified(namespace, name));
      if (Object.keys(actions).length > 0) this.actions.add(qualified(namespace, "Action"));
    }
  }

  actionType(type: string | undefined, namespace: string): string {
    if (type === undefined) return qualified(namespace, "Action");
    const own = qualified(namespace, type);
    return this.actions.has(own) ? own : type;
  }

  resolve(type: JsonType, namespace: string, depth = 0): ValueType {
    if (depth > DEEPEST) return PLAIN;
    if (type.type === "Set" && type.element !== undefined)
      return { kind: "set", element: this.resolve(type.element, namespace, depth + 1) };
    if (type.type === "Record") return this.record(type.attributes ?? {}, namespace, depth);
    if (type.type === "Entity") return { kind: "entity" };
    const { name = "" } = type;
    if (type.type === "Extension") return EXTENSIONS.get(name) ?? PLAIN;
    return this.named(type.type === "EntityOrCommon" ? name : type.type, namespace, depth);
  }

  private record(attributes: Readonly<Record<string, JsonType>>, namespace: string, depth: number): ValueType {
    const members = Object.entries(attributes).map(
      ([name, member]) => [name, this.resolve(member, namespace, depth + 1)] as const,
    );
    return { kind: "record", members: new Map(members) };
  }

  private named(name: string, namespace: string, depth: number): ValueType {
    if (name.startsWith("__cedar::")) return language(name.slice("__cedar::".length));
    for (const full of new Set([qualified(namespace, name), name])) {
      const common = this.common.get(full);
      if (common !== undefined) return this.resolve(common[0], common[1], depth + 1);
      if (this.entities.has(full)) return { kind: "entity" };
    }
    return language(name);
  }
}

function language(name: string): ValueType {
  return PRIMITIVES.has(name) ? PLAIN : (EXTENSIONS.get(name) ?? PLAIN);
}
