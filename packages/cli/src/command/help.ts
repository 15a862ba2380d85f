import { wrapped } from "../output/wrap.ts";
import type { Command } from "./command.ts";
import { type Flag, operandName } from "./flags.ts";

/** Help of one command: what it does, its form, its flags, examples. At most 80 columns where words allow. */
export function commandHelp(command: Command): string[] {
  const flags = Object.entries(command.flags);
  const operands = flags.filter(([, flag]) => flag.kind === "operand");
  const others = flags.filter(([, flag]) => flag.kind !== "operand");
  return [
    `${command.summary}.`,
    "",
    `Usage: countersign ${command.name}${operands.map(([name, flag]) => ` ${operandForm(name, flag)}`).join("")} [flags]`,
    ...section(
      "Arguments",
      operands.map(([name, flag]) => [operandName(name, flag), flag.about]),
    ),
    ...section(
      "Flags",
      others.map(([name, flag]) => [flagForm(name, flag), flag.about]),
    ),
    ...(command.examples.length === 0 ? [] : ["", "Examples:"]),
    ...command.examples.flatMap(({ line, does }) => [`  # ${does}`, `  countersign ${line}`]),
  ];
}

export interface GroupPage {
  readonly title: string;
  readonly usage: string;
  readonly rows: readonly (readonly [string, string])[];
}

/** A list of commands, each with its summary. */
export function groupHelp({ title, usage, rows }: GroupPage): string[] {
  return [
    title,
    "",
    `Usage: countersign ${usage}`,
    ...section("Commands", rows),
    "",
    "Each command has `--help` with examples. Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 held.",
  ];
}

/** The widest line of help, unless a word is wider. */
const WIDTH = 80;

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(0, ...rows.map(([form]) => form.length)) + 4;
  const lines = rows.flatMap(([form, about]) =>
    wrapped(about, WIDTH - left).map((line, at) => `${(at === 0 ? `  ${form}` : "").padEnd(left)}${line}`),
  );
  return rows.length === 0 ? [] : ["", `${title}:`, ...lines];
}

function operandForm(name: string, flag: Flag): string {
  const upper = operandName(name, flag);
  return flag.kind === "operand" && flag.optional === true ? `[${upper}]` : upper;
}

function flagForm(name: string, flag: Flag): string {
  if (flag.kind === "words") return `-- ${flag.value}`;
  if (flag.kind === "unless") return `--no-${name}`;
  if (flag.kind !== "text" && flag.kind !== "texts") return `--${name}`;
  return `--${name} ${flag.value}${flag.kind === "texts" ? " …" : ""}${flag.required === true ? "  (required)" : ""}`;
}
