import { type Effect, graver } from "@countersign/core";
import { type OptionTable, type ParsedOptions, parseOptions } from "../options.ts";
import { type ShellWord, plain } from "../shell-word.ts";
import { type CommandContext, type Judge, type Touched, type Verdict, touching, unknown, verdict } from "../verdict.ts";

/** A program as data: its options, and what it does with its operands. */
export interface ProgramTable extends OptionTable {
  /** What it does when no option says more. */
  readonly effect: Effect;
  /** What it does, as a clause behind its name. */
  readonly does: string;
  /** What its operands are; `text` touches nothing. Default: it has none. */
  readonly operands?: "text" | "read" | "write" | "overwrite" | "remove";
  /** So many first operands are text. */
  readonly leadingText?: number;
  /** Options that stand for the leading text (`grep -e`). */
  readonly insteadOfText?: string;
  /** Options whose value is a file that is read, or one that is overwritten. */
  readonly reads?: string;
  readonly overwrites?: string;
  /** Options that make it graver. */
  readonly raises?: Readonly<Record<string, Effect>>;
  /** Options with which it takes all below its operands; `true`: always. */
  readonly recurses?: string | true;
  /** Without operands it works on the folder where it runs. */
  readonly here?: boolean;
}

type Parsed = Extract<ParsedOptions, { ok: true }>;

const HOW = { read: "read", write: "write", overwrite: "destructive", remove: "destructive" } as const;

/** A judge of a program that its table describes wholly. */
export function byTable(name: string, table: ProgramTable): Judge {
  const options: OptionTable = { ...table, takes: [table.takes, table.reads, table.overwrites].join(" ") };
  return (words, context) => {
    const parsed = parseOptions(words, options);
    return parsed.ok ? judgeParsed({ name, table, parsed }, context) : unknown(`\`${name}\`: ${parsed.reason}`);
  };
}

interface Given {
  readonly name: string;
  readonly table: ProgramTable;
  readonly parsed: Parsed;
}

function judgeParsed({ name, table, parsed }: Given, context: CommandContext): Verdict {
  const { operands, given } = parsed;
  if (table.operands === undefined && operands.length > 0)
    return unknown(`\`${name}\` with operands is not known here`);
  const effect = given.reduce((so, option) => graver(so, raisedBy(table, option.name)), table.effect);
  const base = verdict(effect, `\`${name}\` ${table.does}`);
  if (table.operands === "text") return touching(base, byOptions({ name, table, parsed }), context);
  const how = HOW[table.operands ?? "read"];
  const recurses = table.recurses === true || given.some((option) => has(table.recurses, option.name));
  const named = operandsOf(table, parsed).filter((word) => how !== "read" || word.value !== "-");
  const words = named.length === 0 && table.here === true ? [plain(".")] : named;
  const touched: Touched = { words, effect: how, recurses, removes: table.operands === "remove" };
  return touching(base, [touched, ...byOptions({ name, table, parsed })], context);
}

function operandsOf(table: ProgramTable, { operands, given }: Parsed): readonly ShellWord[] {
  const isGiven = given.some((option) => has(table.insteadOfText, option.name));
  return operands.slice(isGiven ? 0 : (table.leadingText ?? 0));
}

function byOptions({ table, parsed }: Given): readonly Touched[] {
  return parsed.given.flatMap(({ name, value }): readonly Touched[] => {
    if (value === null || value.value === "-") return [];
    if (has(table.reads, name)) return [{ words: [value], effect: "read" }];
    return has(table.overwrites, name) ? [{ words: [value], effect: "destructive" }] : [];
  });
}

function raisedBy({ raises }: ProgramTable, name: string): Effect {
  return raises !== undefined && Object.hasOwn(raises, name) ? (raises[name] ?? "unknown") : "read";
}

const has = (options: string | true | undefined, name: string): boolean =>
  typeof options === "string" && ` ${options} `.includes(` ${name} `);
