import { AppError } from "@countersign/core";
import { EvaluationError, NOT_BOOL } from "./evaluation-error.ts";
import { FUNCTIONS } from "./extension/functions.ts";
import { ESCAPES, type EntityOf, valueOf } from "./json-value.ts";
import { negate } from "./long.ts";
import {
  type Environment,
  type Evaluate,
  type Node,
  attribute,
  bool,
  constant,
  entity,
  folded,
  hasAttribute,
  literal,
  long,
  set,
  text,
} from "./node.ts";
import { BINARY, isWithin } from "./operators.ts";
import { type PatternPart, matcher } from "./pattern.ts";
import { EntityValue, MapRecord, SetValue, type Value } from "./value.ts";

/** An expression in Cedar's JSON form: an object with one member, named by its operator. */
export type ExpressionJson = { readonly [operator: string]: unknown };

export interface CompileContext {
  readonly entityOf: EntityOf;
  /** What stands for `?principal` and `?resource` in a linked template. */
  readonly slots: ReadonlyMap<string, EntityValue>;
}

/** Deepest nesting of operators; chains of `&&`, `||` and `+` count once. */
const DEEPEST = 512;

/** Turns an expression into closures. @throws AppError `policy.invalid` for a form that Cedar does not have, or nested too deeply */
export function compileExpression(json: ExpressionJson, context: CompileContext): Node {
  return new Compiler(context).compile(json, 0);
}

interface Operands {
  readonly left: ExpressionJson;
  readonly right: ExpressionJson;
}

class Compiler {
  private readonly context: CompileContext;

  constructor(context: CompileContext) {
    this.context = context;
  }

  compile(json: ExpressionJson, depth: number): Node {
    if (depth > DEEPEST) throw invalid("an expression is nested too deeply");
    const [operator, operand] = memberOf(json);
    const binary = BINARY.get(operator);
    if (binary !== undefined) return this.binary(binary, json, depth);
    const own = Object.hasOwn(FORMS, operator) ? FORMS[operator] : undefined;
    if (own !== undefined)
      return own(operand, (expression) => this.compile(expression as ExpressionJson, depth + 1), this.context);
    if (operator === "&&" || operator === "||") return this.logic(json, operator, depth);
    return this.call(operator, operand, depth);
  }

  /** A chain that leans to the left is as deep as it is long: it is gone through, not into. */
  private binary(make: (left: Node, right: Node) => Node, json: ExpressionJson, depth: number): Node {
    const [operator] = memberOf(json);
    const rights: ExpressionJson[] = [];
    let at = json;
    for (let next: ExpressionJson | null = json; next !== null;) {
      const { left, right } = operandsOf(memberOf(next)[1]);
      rights.push(right);
      at = left;
      next = memberOf(left)[0] === operator ? left : null;
    }
    let node = this.compile(at, depth + 1);
    for (const right of rights.reverse()) node = make(node, this.compile(right, depth + 1));
    return node;
  }

  private logic(json: ExpressionJson, operator: "&&" | "||", depth: number): Node {
    const nodes = flattened(json, operator).map((term) => this.compile(term, depth + 1));
    return operator === "&&" ? all(nodes.map(({ evaluate }) => evaluate)) : any(nodes.map(({ evaluate }) => evaluate));
  }

  private call(name: string, operand: unknown, depth: number): Node {
    const called = FUNCTIONS.get(name);
    if (called === undefined || !Array.isArray(operand))
      throw invalid(`the operator \`${name.slice(0, 80)}\` is not known`);
    const args = operand.map((arg) => this.compile(arg as ExpressionJson, depth + 1));
    const evaluates = args.map(({ evaluate }) => evaluate);
    return folded(args, (env) => called(evaluates.map((evaluate) => evaluate(env))));
  }
}

type Form = (operand: unknown, compile: (json: unknown) => Node, context: CompileContext) => Node;

const FORMS: Readonly<Record<string, Form>> = {
  Value: (operand, _, context) => valueNode(operand, context),
  Var: (operand) => variable(operand),
  Slot: (operand, _, { slots }) => {
    const filled = slots.get(String(operand));
    if (filled === undefined) throw invalid("a slot of a template is not filled");
    return literal(filled);
  },
  "!": (operand, compile) => unary(compile(named(operand, "arg")), (value) => !bool(value)),
  neg: (operand, compile) => unary(compile(named(operand, "arg")), (value) => negate(long(value))),
  isEmpty: (operand, compile) => unary(compile(named(operand, "arg")), (value) => set(value).items.length === 0),
  ".": (operand, compile) => {
    const name = nameIn(operand);
    return unary(compile(named(operand, "left")), (value) => attribute(value, name));
  },
  has: (operand, compile) => has(compile(named(operand, "left")), namesIn(operand)),
  like: (operand, compile) => {
    const matches = matcher(patternIn(operand));
    return unary(compile(named(operand, "left")), (value) => matches(text(value)));
  },
  is: (operand, compile) => isOf(operand, compile),
  "if-then-else": (operand, compile) => {
    const [test, then, otherwise] = ["if", "then", "else"].map((part) => compile(named(operand, part)).evaluate) as [
      Evaluate,
      Evaluate,
      Evaluate,
    ];
    return { evaluate: (env) => (bool(test(env)) ? then(env) : otherwise(env)) };
  },
  Set: (operand, compile) => setOf(listOf(operand), compile),
  Record: (operand, compile) => recordWith(operand as object, compile),
};

function setOf(operand: readonly unknown[], compile: (json: unknown) => Node): Node {
  const items = operand.map(compile);
  // Nobody takes an element out of a set: what is known of an entity in it does not matter.
  const known = items.map(({ constant: value, names }) => value ?? names);
  if (known.every((value) => value !== undefined)) return constant(new SetValue(known));
  const evaluates = items.map(({ evaluate }) => evaluate);
  return { evaluate: (env) => new SetValue(evaluates.map((evaluate) => evaluate(env))) };
}

function recordWith(operand: object, compile: (json: unknown) => Node): Node {
  const members = Object.entries(operand).map(([name, json]) => [name, compile(json)] as const);
  const nodes = members.map(([, node]) => node);
  return folded(nodes, (env) => new MapRecord(new Map(members.map(([name, { evaluate }]) => [name, evaluate(env)]))));
}

/** A literal: a text, a number, an entity; or a whole value, in the form of data. */
function valueNode(operand: unknown, context: CompileContext): Node {
  const { entityOf } = context;
  if (Array.isArray(operand)) return setOf(operand, (item) => valueNode(item, context));
  const isPlain =
    typeof operand === "object" && operand !== null && !ESCAPES.some((name) => Object.hasOwn(operand, name));
  if (isPlain) return recordWith(operand, (member) => valueNode(member, context));
  try {
    return literal(valueOf(operand, entityOf));
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw invalid("a literal is no value");
  }
}

function unary(operand: Node, compute: (value: Value) => Value): Node {
  const { evaluate } = operand;
  return folded([operand], (env) => compute(evaluate(env)));
}

const VARIABLES: Readonly<Record<Exclude<keyof Environment, "entityOf">, Evaluate>> = {
  principal: (env) => env.principal,
  action: (env) => env.action,
  resource: (env) => env.resource,
  context: (env) => env.context,
};

function variable(operand: unknown): Node {
  if (typeof operand !== "string" || !Object.hasOwn(VARIABLES, operand)) throw invalid("a variable is not known");
  return { evaluate: VARIABLES[operand as keyof typeof VARIABLES] };
}

/** `has a.b.c`: as far as each is there, the next is asked for. */
function has({ evaluate }: Node, names: readonly string[]): Node {
  const [first = "", ...rest] = names;
  if (rest.length === 0) return { evaluate: (env) => hasAttribute(evaluate(env), first) };
  return {
    evaluate: (env) => {
      let value = evaluate(env);
      for (const [i, name] of names.entries()) {
        if (!hasAttribute(value, name)) return false;
        if (i < names.length - 1) value = attribute(value, name);
      }
      return true;
    },
  };
}

function isOf(operand: unknown, compile: (json: unknown) => Node): Node {
  const { entity_type: type, in: place } = operand as { readonly entity_type?: unknown; readonly in?: unknown };
  const { evaluate } = compile(named(operand, "left"));
  if (place === undefined) return { evaluate: (env) => entity(evaluate(env)).type === type };
  const above = compile(place).evaluate;
  return {
    evaluate: (env) => {
      const value = entity(evaluate(env));
      return value.type === type && isWithin(value, above(env));
    },
  };
}

/** True when all are; those behind the first that is not are not evaluated. */
export function all(terms: readonly Evaluate[]): Node {
  const [first, second, third] = terms;
  if (first === undefined) return constant(true);
  if (second === undefined) return { evaluate: (env) => bool(first(env)) };
  if (third === undefined) return { evaluate: (env) => bool(first(env)) && bool(second(env)) };
  return {
    evaluate: (env) => {
      for (const term of terms) {
        const value = term(env);
        if (value === false) return false;
        if (value !== true) throw NOT_BOOL;
      }
      return true;
    },
  };
}

function any(terms: readonly Evaluate[]): Node {
  return {
    evaluate: (env) => {
      for (const term of terms) {
        const value = term(env);
        if (value === true) return true;
        if (value !== false) throw NOT_BOOL;
      }
      return false;
    },
  };
}

/** The terms of a chain of one operator, in order, however it leans. */
function flattened(json: ExpressionJson, operator: string): readonly ExpressionJson[] {
  const terms: ExpressionJson[] = [];
  const open = [json];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [name, operand] = memberOf(next);
    if (name !== operator) {
      terms.push(next);
      continue;
    }
    const { left, right } = operandsOf(operand);
    open.push(right, left);
  }
  return terms;
}

function memberOf(json: unknown): readonly [string, unknown] {
  const members = typeof json === "object" && json !== null ? Object.entries(json) : [];
  const [first] = members;
  if (first === undefined || members.length > 1) throw invalid("an expression has no single operator");
  return first;
}

function operandsOf(operand: unknown): Operands {
  return { left: named(operand, "left") as ExpressionJson, right: named(operand, "right") as ExpressionJson };
}

function named(operand: unknown, name: string): unknown {
  if (typeof operand !== "object" || operand === null || !Object.hasOwn(operand, name))
    throw invalid(`an operand \`${name}\` is missing`);
  return (operand as Record<string, unknown>)[name];
}

function nameIn(operand: unknown): string {
  const name = named(operand, "attr");
  if (typeof name !== "string") throw invalid("an attribute has no name");
  return name;
}

function namesIn(operand: unknown): readonly string[] {
  const names = named(operand, "attr");
  return Array.isArray(names) ? names.map(String) : [nameIn(operand)];
}

function patternIn(operand: unknown): readonly PatternPart[] {
  return listOf(named(operand, "pattern")) as readonly PatternPart[];
}

function listOf(operand: unknown): readonly unknown[] {
  if (!Array.isArray(operand)) throw invalid("a list is missing");
  return operand;
}

function invalid(detail: string): AppError {
  return new AppError("policy.invalid", { detail });
}
