import { defineCommand, runCommand } from "citty";
import type { Cli } from "../cli.ts";
import { checkLine } from "./check-line.ts";
import type { ExitCode } from "./exit-code.ts";
import { cittyArgs, EVERYWHERE, type Flags, type Values } from "./flags.ts";

/** One way to call a command, with what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

export interface CommandSpec<F extends Flags> {
  /** As it is called, without the program's name: `task open`. */
  readonly name: string;
  readonly summary: string;
  readonly flags: F;
  readonly examples: readonly Example[];
  readonly run: (values: Values<F>, cli: Cli) => Promise<ExitCode>;
}

/** A command as the program sees it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly flags: Flags;
  readonly examples: readonly Example[];
  /** Checks the line strictly, then runs. Throws UsageError before anything is done, else AppError. */
  readonly run: (rest: readonly string[], cli: Cli) => Promise<ExitCode>;
}

/** Defines a command. citty reads the values; what it lets pass was refused before. */
export function command<const F extends Flags>(spec: CommandSpec<F>): Command {
  const flags: Flags = { ...spec.flags, ...EVERYWHERE };
  const definition = defineCommand({
    meta: { name: spec.name, description: spec.summary },
    args: cittyArgs(flags),
    run: async ({ args, data }) => {
      const { cli, texts } = data as { cli: Cli; texts: ReadonlyMap<string, readonly string[]> };
      return await spec.run(valuesOf(flags, args, texts) as Values<F>, cli);
    },
  });
  const run: Command["run"] = async (rest, cli) => {
    const { texts, own } = checkLine(rest, flags, spec.name);
    const { result } = await runCommand(definition, { rawArgs: [...own], data: { cli, texts } });
    return result as ExitCode;
  };
  return { name: spec.name, summary: spec.summary, flags, examples: spec.examples, run };
}

function valuesOf(
  flags: Flags,
  args: Record<string, unknown>,
  texts: ReadonlyMap<string, readonly string[]>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, { kind }] of Object.entries(flags)) {
    // citty keeps only the last of a repeated flag.
    values[name] = kind === "texts" || kind === "words" ? (texts.get(name) ?? []) : args[name];
  }
  return values;
}
