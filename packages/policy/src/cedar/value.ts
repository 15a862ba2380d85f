import type { Datetime } from "./extension/datetime.ts";
import type { Decimal } from "./extension/decimal.ts";
import type { Duration } from "./extension/duration.ts";
import type { IpRange } from "./extension/ip.ts";
import type { Long } from "./long.ts";

/** A value of Cedar. Strings, booleans and {@link Long} are those of JavaScript. */
export type Value = boolean | string | Long | EntityValue | SetValue | RecordValue | Extension;
export type Extension = Decimal | Datetime | Duration | IpRange;

/** Attributes by name. `get` answers undefined for what is not there: names of `Object.prototype` are names like others. */
export interface RecordValue {
  readonly isRecord: true;
  get(name: string): Value | undefined;
  has(name: string): boolean;
  names(): readonly string[];
}

export function isRecord(value: Value): value is RecordValue {
  return typeof value === "object" && "isRecord" in value;
}

/** A record whose members are values already. */
export class MapRecord implements RecordValue {
  readonly isRecord = true;
  private readonly members: ReadonlyMap<string, Value>;

  constructor(members: ReadonlyMap<string, Value>) {
    this.members = members;
  }

  get(name: string): Value | undefined {
    return this.members.get(name);
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  names(): readonly string[] {
    return [...this.members.keys()];
  }
}
export const NO_MEMBERS: MapRecord = new MapRecord(new Map());

/** What is known of an entity. */
export interface EntityData {
  readonly attributes: RecordValue;
  readonly tags: RecordValue;
  /** {@link uidOf} of everything above it. */
  readonly ancestors: ReadonlySet<string>;
}

/** A name of an entity, with what is known of it: null when it does not exist. */
export class EntityValue {
  readonly type: string;
  readonly id: string;
  data: EntityData | null;
  private text: string | null = null;

  constructor(type: string, id: string, data: EntityData | null = null) {
    this.type = type;
    this.id = id;
    this.data = data;
  }

  get uid(): string {
    this.text ??= uidOf(this.type, this.id);
    return this.text;
  }

  is(other: EntityValue): boolean {
    return this === other || (this.id === other.id && this.type === other.type);
  }

  /** Reflexive and transitive. */
  isIn(other: EntityValue): boolean {
    return this.is(other) || (this.data !== null && this.data.ancestors.has(other.uid));
  }
}

/** One text for one entity: a type holds no U+0000. */
export function uidOf(type: string, id: string): string {
  return `${type}\u0000${id}`;
}

/** Beyond so many elements a set is searched by hash. */
const FEW = 8;

/** A set: unordered, and an element that stands in it twice counts once. */
export class SetValue {
  readonly items: readonly Value[];
  private keys: ReadonlySet<unknown> | null = null;

  constructor(items: readonly Value[]) {
    this.items = items;
  }

  contains(value: Value): boolean {
    const { items } = this;
    if (items.length > FEW) return this.hashed().has(keyOf(value));
    for (const item of items) if (same(item, value)) return true;
    return false;
  }

  containsAll(other: SetValue): boolean {
    for (const item of other.items) if (!this.contains(item)) return false;
    return true;
  }

  containsAny(other: SetValue): boolean {
    for (const item of other.items) if (this.contains(item)) return true;
    return false;
  }

  private hashed(): ReadonlySet<unknown> {
    this.keys ??= new Set(this.items.map(keyOf));
    return this.keys;
  }
}

/** Structural equality. Values of different types are different; it never fails. */
export function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof EntityValue) return b instanceof EntityValue && a.is(b);
  if (b instanceof EntityValue) return false;
  return written(a) === written(b);
}

/** One key for one value: a number or boolean stands for itself, all else for a text. */
function keyOf(value: Value): string | boolean | Long {
  return typeof value === "object" || typeof value === "string" ? written(value) : value;
}

/** A text that says where it ends, so that one can stand behind another: equal for equal values only. */
function written(value: Value): string {
  if (typeof value === "string") return sized("s", value);
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value !== "object") return `n${String(value)};`;
  if (value instanceof EntityValue) return sized("e", value.uid);
  if (value instanceof SetValue) return `[${[...new Set(value.items.map(written))].sort().join("")}]`;
  if (!isRecord(value)) return sized("x", value.key);
  const members = [...value.names()].sort().map((name) => sized("s", name) + written(value.get(name) as Value));
  return `{${members.join("")}}`;
}

function sized(type: string, text: string): string {
  return `${type}${String(text.length)}:${text}`;
}
