import type { Chance } from "../../../e2e/fault/chance.ts";
import { ACTIONS, type Name, STRINGS, type World, anyLong, extensionText } from "./data.ts";
import { BOOL, ENTITY_TYPES, LONG, NAMES, STRING, type Type, anyType } from "./type.ts";

type Json = object;
const node = (operator: string, operand: unknown): Json => ({ [operator]: operand });
const binary = (operator: string, left: Json, right: Json): Json => node(operator, { left, right });

/** A policy set in Cedar's JSON form: a few policies, and links of a template. */
export function anyPolicySet(chance: Chance, world: World): object {
  const writer = new Writer(chance, world);
  const staticPolicies = Object.fromEntries(
    Array.from({ length: 1 + chance.below(12) }, (_, i) => [`p${String(i)}`, writer.policy(false)]),
  );
  if (chance.is(0.6)) return { staticPolicies };
  const links = [0, 1].map((i) => ({
    templateId: "t",
    newId: `l${String(i)}`,
    values: { "?principal": { __entity: chance.one(world.names) }, "?resource": { __entity: chance.one(world.names) } },
  }));
  return { staticPolicies, templates: { t: writer.policy(true) }, templateLinks: links };
}

class Writer {
  private readonly chance: Chance;
  private readonly world: World;

  constructor(chance: Chance, world: World) {
    this.chance = chance;
    this.world = world;
  }

  policy(isTemplate: boolean): object {
    const { chance } = this;
    return {
      effect: chance.is(0.7) ? "permit" : "forbid",
      principal: this.scope(isTemplate ? "?principal" : null),
      action: this.actionScope(),
      resource: this.scope(isTemplate ? "?resource" : null),
      conditions: Array.from({ length: chance.below(3) }, () => ({
        kind: chance.is(0.75) ? "when" : "unless",
        body: this.expression(BOOL, 4),
      })),
    };
  }

  private scope(slot: string | null): object {
    const { chance, world } = this;
    const place = slot === null ? { entity: chance.one(world.names) } : { slot };
    const dice = chance.next();
    if (slot === null && dice < 0.55) return { op: "All" };
    if (dice < 0.7) return { op: "==", ...place };
    if (dice < 0.85) return { op: "in", ...place };
    return {
      op: "is",
      entity_type: chance.one(ENTITY_TYPES),
      ...(slot === null && chance.is(0.5) ? {} : { in: place }),
    };
  }

  private actionScope(): object {
    const { chance } = this;
    const dice = chance.next();
    if (dice < 0.5) return { op: "All" };
    if (dice < 0.7) return { op: "==", entity: chance.one(ACTIONS) };
    if (dice < 0.85) return { op: "in", entity: chance.one(ACTIONS) };
    return { op: "in", entities: chance.some(ACTIONS) };
  }

  /** An expression that is mostly of the type, and sometimes of another. */
  private expression(wanted: Type, depth: number): Json {
    const { chance } = this;
    const type = chance.is(0.03) ? anyType(chance) : wanted;
    if (chance.is(0.06) && depth > 0) return this.choice(type, depth - 1);
    const found = chance.is(0.45) ? this.found(type) : null;
    return found ?? (depth > 0 ? this.composed(type, depth - 1) : null) ?? this.literal(type, depth);
  }

  /** An operator or a function that makes a value of that type; null: none is wanted, or there is none. */
  private composed(type: Type, depth: number): Json | null {
    if (type.of === "bool") return this.test(depth);
    if (type.of === "long" && this.chance.is(0.5)) return this.sum(depth);
    return this.chance.is(0.3) ? this.called(type, depth) : null;
  }

  private choice(type: Type, depth: number): Json {
    const parts = [["if", BOOL] as const, ...["then", "else"].map((name) => [name, type] as const)];
    return node("if-then-else", Object.fromEntries(parts.map(([name, of]) => [name, this.expression(of, depth)])));
  }

  /** An attribute, a tag or a variable of that type; null: there is none. */
  private found(type: Type): Json | null {
    const { chance, world } = this;
    const is = (one: Type): boolean => JSON.stringify(one) === JSON.stringify(type);
    const places: Json[] = [];
    const attributesOf = (base: Json, members: readonly (readonly [string, Type])[]): void => {
      for (const [attr, of] of members) if (is(of)) places.push(node(".", { left: base, attr }));
    };
    attributesOf(node("Var", "context"), world.context);
    for (const [variable, of] of [
      ["principal", chance.one(ENTITY_TYPES)],
      ["resource", chance.one(ENTITY_TYPES)],
    ] as const) {
      attributesOf(node("Var", variable), world.attributes.get(of) ?? []);
      if (type.of === "entity") places.push(node("Var", variable));
      if (is(world.tags.get(of) as Type))
        places.push(binary("getTag", node("Var", variable), node("Value", chance.one(["t", "toString"]))));
    }
    return places.length === 0 ? null : chance.one(places);
  }

  private test(depth: number): Json {
    const { chance } = this;
    const any = (): Json => this.expression(anyType(chance), depth);
    const of = (type: Type): Json => this.expression(type, depth);
    const entity = (): Json => of({ of: "entity", name: chance.one(ENTITY_TYPES) });
    const set = (element: Type): Json => of({ of: "set", element });
    const forms: readonly (() => Json)[] = [
      () => binary(chance.one(["&&", "||"]), of(BOOL), of(BOOL)),
      () => node("!", { arg: of(BOOL) }),
      () => {
        const type = anyType(chance);
        return binary(chance.one(["==", "!="]), of(type), of(type));
      },
      () => binary("==", any(), any()),
      () => {
        const type: Type = chance.one([LONG, LONG, { of: "datetime" }, { of: "duration" }]);
        return binary(chance.one(["<", "<=", ">", ">="]), of(type), of(type));
      },
      () => binary("in", entity(), chance.is(0.6) ? entity() : set({ of: "entity", name: chance.one(ENTITY_TYPES) })),
      () => node("has", { left: chance.is(0.7) ? entity() : any(), attr: chance.one(NAMES) }),
      () => node("has", { left: node("Var", "context"), attr: [chance.one(NAMES), chance.one(NAMES)] }),
      () => node("like", { left: of(STRING), pattern: this.pattern() }),
      () =>
        node("is", {
          left: entity(),
          entity_type: chance.one(ENTITY_TYPES),
          ...(chance.is(0.5) ? {} : { in: entity() }),
        }),
      () => {
        const element = anyType(chance, 1);
        return binary("contains", set(element), of(element));
      },
      () => {
        const element = anyType(chance, 1);
        return binary(chance.one(["containsAll", "containsAny"]), set(element), set(element));
      },
      () => node("isEmpty", { arg: set(anyType(chance, 1)) }),
      () => binary("hasTag", entity(), of(STRING)),
      () =>
        node(chance.one(["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]), [
          of({ of: "decimal" }),
          of({ of: "decimal" }),
        ]),
      () => node(chance.one(["isIpv4", "isIpv6", "isLoopback", "isMulticast"]), [of({ of: "ip" })]),
      () => node("isInRange", [of({ of: "ip" }), of({ of: "ip" })]),
    ];
    return chance.one(forms)();
  }

  private sum(depth: number): Json {
    const { chance } = this;
    if (chance.is(0.2)) return node("neg", { arg: this.expression(LONG, depth) });
    if (chance.is(0.2))
      return node(chance.one(["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"]), [
        this.expression({ of: "duration" }, depth),
      ]);
    return binary(chance.one(["+", "-", "*"]), this.expression(LONG, depth), this.expression(LONG, depth));
  }

  private called(type: Type, depth: number): Json | null {
    const time = (): Json => this.expression({ of: "datetime" }, depth);
    if (type.of === "datetime")
      return this.chance.is(0.5)
        ? node("toDate", [time()])
        : node("offset", [time(), this.expression({ of: "duration" }, depth)]);
    if (type.of === "duration")
      return this.chance.is(0.5) ? node("toTime", [time()]) : node("durationSince", [time(), time()]);
    return null;
  }

  private literal(type: Type, depth: number): Json {
    const { chance, world } = this;
    switch (type.of) {
      case "bool":
        return node("Value", chance.is(0.5));
      case "long":
        return node("Value", anyLong(chance));
      case "string":
        return node("Value", chance.one(STRINGS));
      case "entity": {
        const names = world.names.filter((name: Name) => name.type === type.name);
        return node("Value", { __entity: chance.one(names) });
      }
      case "set":
        return node(
          "Set",
          Array.from({ length: chance.below(4) }, () => this.expression(type.element, Math.max(0, depth - 1))),
        );
      case "record":
        return node(
          "Record",
          Object.fromEntries(type.members.map(([name, of]) => [name, this.expression(of, Math.max(0, depth - 1))])),
        );
      case "decimal":
      case "ip":
      case "datetime":
      case "duration":
        return node(type.of, [node("Value", extensionText(chance, type.of))]);
    }
  }

  private pattern(): Json {
    const { chance } = this;
    return Array.from({ length: chance.below(5) }, () =>
      chance.is(0.5) ? "Wildcard" : { Literal: chance.one(["a", "b", "ab", "*", "日", "\u{1F600}"]) },
    );
  }
}
