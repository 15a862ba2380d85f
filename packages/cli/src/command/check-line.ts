import { parseArgs } from "node:util";
import { type Flag, type Flags, operandName } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/** What stands on the line, flag by flag, in the order in which it was given. */
export interface CheckedLine {
  readonly operands: readonly string[];
  /** What stands before `--` when the words behind it belong to somebody else; else the whole line. */
  readonly own: readonly string[];
  readonly texts: ReadonlyMap<string, readonly string[]>;
}

/**
 * Refuses what citty lets pass: unknown flags, flags without their value, values for switches, a flag given twice, too many or too
 * few operands. Throws UsageError, with the user's word in backticks.
 */
export function checkLine(rest: readonly string[], flags: Flags, command: string): CheckedLine {
  const operands: string[] = [];
  const texts = new Map<string, string[]>();
  const { own, words } = divided(rest, flags);
  for (const [name, { kind }] of Object.entries(flags)) if (kind === "words") texts.set(name, [...words]);
  for (const token of tokensOf(own, flags)) {
    if (token.kind === "positional") operands.push(token.value);
    else if (token.kind === "option") addOption(token, { flags, texts, command });
  }
  checkCounts(operands, { flags, texts, command });
  return { operands, own, texts };
}

function divided(
  rest: readonly string[],
  flags: Flags,
): { readonly own: readonly string[]; readonly words: readonly string[] } {
  const at = rest.indexOf("--");
  if (at === -1 || !Object.values(flags).some(({ kind }) => kind === "words")) return { own: rest, words: [] };
  return { own: rest.slice(0, at), words: rest.slice(at + 1) };
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;
interface Checking {
  readonly flags: Flags;
  readonly texts: Map<string, string[]>;
  readonly command: string;
}

function tokensOf(rest: readonly string[], flags: Flags): readonly Token[] {
  const options = Object.fromEntries(
    Object.entries(flags).flatMap(([name, { kind }]) =>
      kind === "operand" || kind === "words"
        ? []
        : [[name, { type: kind === "text" || kind === "texts" ? ("string" as const) : ("boolean" as const) }]],
    ),
  );
  return parseArgs({ args: [...rest], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function addOption(token: OptionToken, checking: Checking): void {
  const { texts, command } = checking;
  const { name, flag } = namedFlag(token, checking);
  checkValue(token, flag, command);
  const given = texts.get(name) ?? [];
  if (given.length > 0 && flag.kind === "text") throw new UsageError(`\`${token.rawName}\` is given twice`, command);
  texts.set(name, [...given, token.value ?? ""]);
}

function namedFlag(
  { rawName, name: given }: OptionToken,
  { flags, command }: Checking,
): { readonly name: string; readonly flag: Flag } {
  const positive = rawName.slice("--no-".length);
  const negated = rawName.startsWith("--no-") && flags[positive]?.kind === "unless";
  const name = negated ? positive : given;
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  const known = flag !== undefined && flag.kind !== "operand" && flag.kind !== "words" && rawName.startsWith("--");
  if (known && (flag.kind !== "unless" || negated)) return { name, flag };
  throw new UsageError(`unknown flag \`${rawName}\``, command);
}

function checkValue({ rawName, value, inlineValue }: OptionToken, flag: Flag, command: string): void {
  if (flag.kind !== "text" && flag.kind !== "texts") {
    if (value === undefined) return;
    throw new UsageError(`\`${rawName}\` takes no value`, command);
  }
  // `--agent --json` is a forgotten value, not an agent of that name.
  if (value !== undefined && value !== "" && (inlineValue === true || !value.startsWith("-"))) return;
  throw new UsageError(`\`${rawName}\` needs a value: \`${rawName} ${flag.value}\``, command);
}

function checkCounts(operands: readonly string[], { flags, texts, command }: Checking): void {
  const places = Object.entries(flags).filter(([, { kind }]) => kind === "operand");
  const extra = operands[places.length];
  if (extra !== undefined) throw new UsageError(`unexpected \`${extra}\``, command);
  const missing = places.find(
    ([, flag], at) => flag.kind === "operand" && flag.optional !== true && (operands[at] ?? "") === "",
  );
  if (missing !== undefined) throw new UsageError(`${operandName(...missing)} is missing`, command);
  for (const [name, flag] of Object.entries(flags)) {
    if ((flag.kind === "text" || flag.kind === "texts") && flag.required === true && !texts.has(name)) {
      throw new UsageError(`\`--${name} ${flag.value}\` is missing`, command);
    }
  }
}
