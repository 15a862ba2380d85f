import { NOT_ENTITY, NOT_ORDERED, NO_ENTITY, NO_TAG } from "./evaluation-error.ts";
import { Datetime } from "./extension/datetime.ts";
import { Duration } from "./extension/duration.ts";
import { add, isLong, multiply, subtract } from "./long.ts";
import { type Node, entity, folded, long, set, text } from "./node.ts";
import { EntityValue, SetValue, type Value, same } from "./value.ts";

type Binary = (left: Value, right: Value) => Value;

/** Operators of two operands that are both evaluated, the left one first. */
export const BINARY: ReadonlyMap<string, (left: Node, right: Node) => Node> = new Map<
  string,
  (left: Node, right: Node) => Node
>([
  ["==", (left, right) => equal(left, right)],
  ["!=", (left, right) => not(equal(left, right))],
  ["in", within],
  ["<", of((a, b) => compare(a, b) < 0)],
  ["<=", of((a, b) => compare(a, b) <= 0)],
  [">", of((a, b) => compare(a, b) > 0)],
  [">=", of((a, b) => compare(a, b) >= 0)],
  ["+", of((a, b) => add(long(a), long(b)))],
  ["-", of((a, b) => subtract(long(a), long(b)))],
  ["*", of((a, b) => multiply(long(a), long(b)))],
  ["contains", of((a, b) => set(a).contains(b))],
  ["containsAll", of((a, b) => set(a).containsAll(set(b)))],
  ["containsAny", of((a, b) => set(a).containsAny(set(b)))],
  ["getTag", of(tagOf)],
  ["hasTag", of((a, b) => hasTag(entity(a), text(b)))],
]);

function of(compute: Binary): (left: Node, right: Node) => Node {
  return (left, right) => {
    const [first, second] = [left.evaluate, right.evaluate];
    if (right.constant !== undefined) {
      const known = right.constant;
      return folded([left, right], (env) => compute(first(env), known));
    }
    return folded([left, right], (env) => compute(first(env), second(env)));
  };
}

/** Most comparisons have a constant on one side: of strings, numbers and booleans identity is equality. */
function equal(left: Node, right: Node): Node {
  const [first, second] = [left.evaluate, right.evaluate];
  const known = knownOf(right) ?? knownOf(left);
  if (known === undefined) return { evaluate: (env) => same(first(env), second(env)) };
  const other = knownOf(right) === undefined ? second : first;
  if (typeof known !== "object") return folded([left, right], (env) => other(env) === known);
  if (known instanceof EntityValue)
    return {
      evaluate: (env) => {
        const value = other(env);
        return value instanceof EntityValue && value.is(known);
      },
    };
  return folded([left, right], (env) => same(other(env), known));
}

function knownOf({ constant, names }: Node): Value | undefined {
  return constant ?? names;
}

function not({ evaluate, constant: known }: Node): Node {
  if (typeof known === "boolean") return { evaluate: () => !known, constant: !known };
  return { evaluate: (env) => evaluate(env) === false };
}

function within(left: Node, right: Node): Node {
  const [first, second] = [left.evaluate, right.evaluate];
  const known = right.names;
  if (known !== undefined)
    return {
      evaluate: (env) => {
        const value = first(env);
        if (!(value instanceof EntityValue)) throw NOT_ENTITY;
        return value.isIn(known);
      },
    };
  return { evaluate: (env) => isWithin(entity(first(env)), second(env)) };
}

/** `in` an entity, or any of a set of entities. Every element must be one, also behind one that fits. @throws EvaluationError */
export function isWithin(value: EntityValue, place: Value): boolean {
  if (place instanceof EntityValue) return value.isIn(place);
  if (!(place instanceof SetValue)) throw NOT_ENTITY;
  let found = false;
  for (const item of place.items) if (value.isIn(entity(item))) found = true;
  return found;
}

function compare(a: Value, b: Value): number {
  if (isLong(a) && isLong(b)) return a < b ? -1 : a > b ? 1 : 0;
  if ((a instanceof Datetime && b instanceof Datetime) || (a instanceof Duration && b instanceof Duration))
    return compare(a.ms, b.ms);
  throw NOT_ORDERED;
}

function tagOf(left: Value, right: Value): Value {
  const [of, name] = [entity(left), text(right)];
  if (of.data === null) throw NO_ENTITY;
  const found = of.data.tags.get(name);
  if (found === undefined) throw NO_TAG;
  return found;
}

function hasTag({ data }: EntityValue, name: string): boolean {
  return data !== null && data.tags.has(name);
}
