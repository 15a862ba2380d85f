import { BAD_JSON, BAD_LITERAL } from "./evaluation-error.ts";
import { FUNCTIONS } from "./extension/functions.ts";
import { longOf } from "./long.ts";
import type { ValueType } from "./value-type.ts";
import { EntityValue, MapRecord, NO_MEMBERS, type RecordValue, SetValue, type Value } from "./value.ts";

/** Finds what is known of an entity; the same value for the same name where it is kept. */
export type EntityOf = (type: string, id: string) => EntityValue;

/** Functions that make a value of an extension: what JSON may call. */
const CONSTRUCTORS: ReadonlySet<string> = new Set(["decimal", "ip", "datetime", "duration", "offset"]);
export const ESCAPES = ["__entity", "__extn", "__expr"] as const;
/** Deepest JSON, as cedar-wasm reads it. */
const DEEPEST = 120;

/**
 * A value of Cedar from its JSON form. `type` (of a schema) says what a plain text or object stands for; without one only the escapes
 * `__entity` and `__extn` do. Integers are numbers, or bigints where a double does not carry them.
 * @throws EvaluationError for what Cedar has no value for: null, fractions, too deep, wrong escapes
 */
export function valueOf(json: unknown, entityOf: EntityOf, type: ValueType | null = null): Value {
  return convert(json, { entityOf, type, depth: 0 });
}

/** A record of Cedar from a JSON object. @throws EvaluationError */
export function recordOf(json: unknown, entityOf: EntityOf, type: ValueType | null = null): RecordValue {
  const value = valueOf(json, entityOf, type);
  if (value instanceof MapRecord) return value;
  throw BAD_JSON;
}

/**
 * A record of a JSON object whose members become values when they are asked for, each once. What nobody asks for is not even looked at,
 * so a member that Cedar has no value for fails the policies that ask for it, and no others.
 */
export function lazyRecordOf(json: Readonly<Record<string, unknown>>, entityOf: EntityOf): RecordValue {
  return new JsonRecord(json, entityOf);
}

class JsonRecord implements RecordValue {
  readonly isRecord = true;
  private readonly json: Readonly<Record<string, unknown>>;
  private readonly entityOf: EntityOf;
  private made: Map<string, Value> | null = null;

  constructor(json: Readonly<Record<string, unknown>>, entityOf: EntityOf) {
    this.json = json;
    this.entityOf = entityOf;
  }

  get(name: string): Value | undefined {
    const { json } = this;
    const member = json[name];
    if (typeof member === "boolean") return own(json, name) ? member : undefined;
    if (typeof member === "number" && Number.isSafeInteger(member)) return own(json, name) ? member + 0 : undefined;
    return own(json, name) ? this.converted(name, member) : undefined;
  }

  has(name: string): boolean {
    return own(this.json, name);
  }

  names(): readonly string[] {
    return Object.keys(this.json);
  }

  private converted(name: string, member: unknown): Value {
    if (typeof member === "string") return wellFormed(member);
    const known = this.made?.get(name);
    if (known !== undefined) return known;
    const { entityOf } = this;
    const isRecord = typeof member === "object" && member !== null && !Array.isArray(member) && !isEscaped(member);
    const value = isRecord
      ? new JsonRecord(member as Readonly<Record<string, unknown>>, entityOf)
      : convert(member, { entityOf, type: null, depth: 1 });
    this.made ??= new Map();
    this.made.set(name, value);
    return value;
  }
}

const { hasOwn } = Object;
function own(json: object, name: string): boolean {
  return hasOwn(json, name);
}

function isEscaped(json: object): boolean {
  for (const name of ESCAPES) if (hasOwn(json, name)) return true;
  return false;
}

interface Place {
  readonly entityOf: EntityOf;
  readonly type: ValueType | null;
  readonly depth: number;
}

function convert(json: unknown, place: Place): Value {
  if (place.depth > DEEPEST) throw BAD_JSON;
  if (typeof json === "string")
    return place.type?.kind === "extension" ? call(place.type.name, [json]) : wellFormed(json);
  if (typeof json === "boolean") return json;
  if (typeof json === "number" || typeof json === "bigint") return integer(json);
  if (Array.isArray(json)) return set(json, place);
  if (typeof json === "object" && json !== null) return object(json as Record<string, unknown>, place);
  throw BAD_JSON;
}

function set(json: readonly unknown[], place: Place): SetValue {
  const type = place.type?.kind === "set" ? place.type.element : null;
  return new SetValue(json.map((item) => convert(item, { ...place, type, depth: place.depth + 1 })));
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw BAD_JSON;
  return text;
}

function integer(json: number | bigint): Value {
  if (typeof json === "number" && Number.isSafeInteger(json)) return json + 0;
  if (typeof json === "number" && !Number.isInteger(json)) throw BAD_JSON;
  return longOf(BigInt(json));
}

function object(json: Record<string, unknown>, place: Place): Value {
  const escape = ESCAPES.find((name) => Object.hasOwn(json, name));
  if (escape === "__entity") return entity(json[escape], place);
  if (escape === "__extn") return extension(json[escape], place);
  if (escape !== undefined) throw BAD_JSON;
  if (place.type?.kind === "entity") return entity(json, place);
  if (place.type?.kind === "extension") return extension(json, place);
  return record(json, place);
}

function record(json: Record<string, unknown>, place: Place): MapRecord {
  const types = place.type?.kind === "record" ? place.type.members : null;
  const names = Object.keys(json);
  if (names.length === 0) return NO_MEMBERS;
  const members = new Map<string, Value>();
  for (const name of names) {
    const member = { ...place, type: types?.get(name) ?? null, depth: place.depth + 1 };
    members.set(name, convert(json[name], member));
  }
  return new MapRecord(members);
}

function entity(json: unknown, { entityOf }: Place): EntityValue {
  const { type, id } = (json ?? {}) as { readonly type?: unknown; readonly id?: unknown };
  if (typeof type !== "string" || typeof id !== "string") throw BAD_JSON;
  return entityOf(type, id);
}

function extension(json: unknown, place: Place): Value {
  const { fn, arg, args } = (json ?? {}) as { readonly fn?: unknown; readonly arg?: unknown; readonly args?: unknown };
  if (typeof fn !== "string" || !CONSTRUCTORS.has(fn)) throw BAD_JSON;
  const given = Array.isArray(args) ? (args as unknown[]) : [arg];
  return call(
    fn,
    given.map((one) => convert(one, { ...place, type: null, depth: place.depth + 1 })),
  );
}

function call(name: string, args: readonly Value[]): Value {
  const made = FUNCTIONS.get(name);
  if (made === undefined) throw BAD_LITERAL;
  return made(args);
}
