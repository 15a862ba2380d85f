import type { ArgsDef } from "citty";

/**
 * One argument of a command. `text` takes a value, `texts` may be given many times, `switch` is off unless given, `unless` is on
 * unless `--no-<name>` is given, `operand` is known by its place and shown in help as its name or as `shown`; `words` are all that stand
 * after `--`: somebody else's command line.
 */
export type Flag =
  | { readonly kind: "text" | "texts"; readonly value: string; readonly about: string; readonly required?: true }
  | { readonly kind: "switch" | "unless"; readonly about: string }
  | { readonly kind: "words"; readonly value: string; readonly about: string }
  | { readonly kind: "operand"; readonly about: string; readonly optional?: true; readonly shown?: string };
export type Flags = Readonly<Record<string, Flag>>;

/** The values that a command gets: what is missing is undefined, and required things never are. */
export type Values<F extends Flags> = {
  readonly [N in keyof F]: F[N] extends { kind: "texts" | "words" }
    ? readonly string[]
    : F[N] extends { kind: "switch" | "unless" }
      ? boolean
      : F[N] extends { kind: "text"; required: true }
        ? string
        : F[N] extends { kind: "operand" }
          ? F[N] extends { optional: true }
            ? string | undefined
            : string
          : string | undefined;
};

type Switch = { readonly kind: "switch"; readonly about: string };
type OptionalText = { readonly kind: "text"; readonly value: string; readonly about: string };

/** Flags that each command understands. */
export const EVERYWHERE: { readonly json: Switch; readonly help: Switch } = {
  json: { kind: "switch", about: "print exactly one JSON object on stdout; errors as problem+json on stderr" },
  help: { kind: "switch", about: "show this help" },
};

/** Flags of each command that talks to a control plane. */
export const REACH: { readonly server: OptionalText; readonly data: OptionalText } = {
  server: { kind: "text", value: "URL", about: "control plane (else COUNTERSIGN_SERVER, the saved one, localhost)" },
  data: { kind: "text", value: "DIR", about: "data directory whose control socket is used when it is there" },
};

/** Of each command that stops something. */
export const WAIT: { readonly kind: "unless"; readonly about: string } = {
  kind: "unless",
  about: "answer once it is on its way, before the points have confirmed it",
};

/** What an operand is called in help and in errors. */
export function operandName(name: string, flag: Flag): string {
  return (flag.kind === "operand" ? flag.shown : undefined) ?? name.toUpperCase();
}

/** The same in citty's words. */
export function cittyArgs(flags: Flags): ArgsDef {
  const args: ArgsDef = {};
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.kind === "operand") args[name] = { type: "positional", required: flag.optional !== true };
    else if (flag.kind === "words") continue;
    else if (flag.kind === "switch") args[name] = { type: "boolean", default: false };
    else if (flag.kind === "unless") args[name] = { type: "boolean", default: true };
    else args[name] = { type: "string" };
  }
  return args;
}
