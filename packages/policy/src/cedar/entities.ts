import { BAD_JSON } from "./evaluation-error.ts";
import { type EntityOf, recordOf, valueOf } from "./json-value.ts";
import type { ReadSchema, ValueType } from "./value-type.ts";
import { type EntityData, EntityValue, MapRecord, NO_MEMBERS, type Value } from "./value.ts";

/** An entity in Cedar's JSON form. */
export interface EntityJson {
  readonly uid: unknown;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly tags?: Readonly<Record<string, unknown>>;
  readonly parents?: readonly unknown[];
}

/** Entities that are kept from one decision to the next. */
export class Entities {
  private readonly known = new Map<string, Map<string, EntityValue>>();
  private readonly parents = new Map<string, readonly string[]>();

  /**
   * Reads entities from their JSON form, with the actions of the schema when there is one.
   * @throws EvaluationError what Cedar refuses: an entity twice, a cycle, a value that is none
   */
  static read(json: readonly EntityJson[], schema: ReadSchema | null = null): Entities {
    const entities = new Entities();
    for (const action of schema?.actions ?? []) entities.announce(action);
    for (const one of json) entities.add(one, schema);
    entities.connect();
    return entities;
  }

  /** The entity of that name; one that does not exist has no data. */
  readonly find: EntityOf = (type, id) => this.known.get(type)?.get(id) ?? new EntityValue(type, id);

  private add(json: EntityJson, schema: ReadSchema | null): void {
    const { type, id } = nameOf(json.uid);
    const own = this.place(type, id);
    // An action may be given again beside the schema that declares it.
    const isDeclared = schema?.actions.some((action) => action.type === type && action.id === id) === true;
    if (own.data !== null && !isDeclared) throw BAD_JSON;
    own.data = this.dataOf(json, { attributes: schema?.attributes(type) ?? null, tags: schema?.tags(type) ?? null });
    const above = (json.parents ?? []).map((parent) => {
      const name = nameOf(parent);
      return this.place(name.type, name.id).uid;
    });
    this.parents.set(own.uid, [...(this.parents.get(own.uid) ?? []), ...above]);
  }

  private dataOf(
    { attrs = {}, tags = {} }: EntityJson,
    types: { readonly attributes: ValueType | null; readonly tags: ValueType | null },
  ): EntityData {
    const at = (type: string, id: string): EntityValue => this.place(type, id);
    const tagged = Object.entries(tags).map(([name, value]) => [name, valueOf(value, at, types.tags)] as const);
    return {
      attributes: recordOf(attrs, at, types.attributes),
      tags: tagged.length === 0 ? NO_MEMBERS : new MapRecord(new Map<string, Value>(tagged)),
      ancestors: new Set(),
    };
  }

  private announce({ type, id, parents }: ReadSchema["actions"][number]): void {
    const own = this.place(type, id);
    own.data = { attributes: NO_MEMBERS, tags: NO_MEMBERS, ancestors: new Set() };
    this.parents.set(
      own.uid,
      parents.map((parent) => this.place(parent.type, parent.id).uid),
    );
  }

  private place(type: string, id: string): EntityValue {
    let ofType = this.known.get(type);
    if (ofType === undefined) this.known.set(type, (ofType = new Map()));
    const known = ofType.get(id);
    if (known !== undefined) return known;
    const made = new EntityValue(type, id);
    ofType.set(id, made);
    return made;
  }

  /** Fills in what lies above each entity. Iterative: a hierarchy may be deep. */
  private connect(): void {
    for (const entity of [...this.known.values()].flatMap((ofType) => [...ofType.values()])) {
      if (entity.data === null) continue;
      const ancestors = entity.data.ancestors as Set<string>;
      const open = [...(this.parents.get(entity.uid) ?? [])];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (ancestors.has(next)) continue;
        ancestors.add(next);
        open.push(...(this.parents.get(next) ?? []));
      }
      if (ancestors.has(entity.uid)) throw BAD_JSON;
    }
  }
}

/** A name of an entity: `{type, id}`, or that in an `__entity`. @throws EvaluationError */
export function nameOf(json: unknown): { readonly type: string; readonly id: string } {
  const plain = typeof json === "object" && json !== null && "__entity" in json ? json.__entity : json;
  const { type, id } = (plain ?? {}) as { readonly type?: unknown; readonly id?: unknown };
  if (typeof type !== "string" || typeof id !== "string") throw BAD_JSON;
  return { type, id };
}
