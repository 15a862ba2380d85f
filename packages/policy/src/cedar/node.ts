import {
  EvaluationError,
  NOT_BOOL,
  NOT_ENTITY,
  NOT_LONG,
  NOT_RECORD,
  NOT_SET,
  NOT_STRING,
  NO_ATTRIBUTE,
  NO_ENTITY,
} from "./evaluation-error.ts";
import type { EntityOf } from "./json-value.ts";
import { type Long, isLong } from "./long.ts";
import { EntityValue, type RecordValue, SetValue, type Value, isRecord } from "./value.ts";

/** What a request is about. */
export interface Environment {
  readonly principal: EntityValue;
  readonly action: EntityValue;
  readonly resource: EntityValue;
  readonly context: RecordValue;
  /** What is known of an entity that a policy names. */
  readonly entityOf: EntityOf;
}

/** A compiled expression. @throws EvaluationError when it has no value */
export type Evaluate = (env: Environment) => Value;

/** An expression, with its value where that is the same for every request. */
export interface Node {
  readonly evaluate: Evaluate;
  readonly constant?: Value;
  /** The entity that it always names. What is known of that entity may differ from request to request. */
  readonly names?: EntityValue;
}

export function constant(value: Value): Node {
  return { evaluate: () => value, constant: value };
}

export function literal(value: Value): Node {
  if (!(value instanceof EntityValue)) return constant(value);
  const { type, id } = value;
  return { evaluate: (env) => env.entityOf(type, id), names: value };
}

/** A node whose operands are all constant is worked out once: to its value, or to its error. */
export function folded(operands: readonly Node[], evaluate: Evaluate): Node {
  if (!operands.every((operand) => operand.constant !== undefined)) return { evaluate };
  try {
    // Nothing of a request is read.
    return constant(evaluate(undefined as never));
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { evaluate };
  }
}

export function bool(value: Value): boolean {
  if (typeof value !== "boolean") throw NOT_BOOL;
  return value;
}
export function long(value: Value): Long {
  if (!isLong(value)) throw NOT_LONG;
  return value;
}
export function text(value: Value): string {
  if (typeof value !== "string") throw NOT_STRING;
  return value;
}
export function set(value: Value): SetValue {
  if (!(value instanceof SetValue)) throw NOT_SET;
  return value;
}
export function entity(value: Value): EntityValue {
  if (!(value instanceof EntityValue)) throw NOT_ENTITY;
  return value;
}

/** The attribute of an entity or a record. @throws EvaluationError when there is none */
export function attribute(value: Value, name: string): Value {
  const members = value instanceof EntityValue ? value.data?.attributes : value;
  if (members === undefined) throw NO_ENTITY;
  if (!isRecord(members)) throw NOT_RECORD;
  const found = members.get(name);
  if (found === undefined) throw NO_ATTRIBUTE;
  return found;
}

/** True when an entity or a record has the attribute; what does not exist has none. @throws EvaluationError on what can have none */
export function hasAttribute(value: Value, name: string): boolean {
  if (value instanceof EntityValue) return value.data !== null && value.data.attributes.has(name);
  if (!isRecord(value)) throw NOT_RECORD;
  return value.has(name);
}
