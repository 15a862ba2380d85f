import { type Folders, entered, pathsOf } from "../files.ts";
import { parseOptions } from "../options.ts";
import { type ShellWord, plain } from "../shell-word.ts";
import { isHarmlessEnvironment, isOwnVariable } from "../variables.ts";
import { type CommandContext, type Judge, type Verdict, unknown, verdict } from "../verdict.ts";

const harmless = (reason: string): Verdict => verdict("read", reason);
const nothing: Judge = () => harmless("does nothing");

/** `wait -p NAME` forgets a variable or sets it: without `PATH`, names are those of files here. */
const wait: Judge = (words) =>
  words.every(({ kind, value, shown }) =>
    kind === "plain" ? /^(?:-[nf]|%?\d+)$/.test(value) : /^"?\$!"?$/.test(shown),
  )
    ? harmless("only waits")
    : unknown("`wait` may set a variable");

/** Nothing but `..`. */
const GOES_UP = /^(?:\.\.(?:\/+|$))+$/;

const cd: Judge = (words, context) => {
  const parsed = parseOptions(words, { flags: "-L -e" });
  if (!parsed.ok) return { ...unknown(`\`cd\`: ${parsed.reason}`), folders: null };
  const [target = plain(context.home), ...more] = parsed.operands;
  if (more.length > 0 || target.kind !== "plain" || target.value === "-" || /^[+-]\d+$/.test(target.value))
    return { ...unknown("`cd` to a folder that only the shell knows"), folders: null };
  return { ...harmless("changes the folder"), folders: wentTo(target, context.folders) };
};

/** Above a folder that may be a link lies one place for a shell that knows its name, and another for one that was started in it. */
function wentTo(target: ShellWord, folders: Folders): Folders {
  const paths = pathsOf(target, folders);
  if (!paths.ok || paths.names.some((path) => path.endsWith("/**"))) return null;
  return GOES_UP.test(target.value) ? paths.names : paths.names.map(entered);
}

const SAFE_SET = /^(?:[-+][euvxfE]+|-[euvxE]*o|\+o|pipefail|errexit|nounset|xtrace|verbose|noglob|errtrace)$/;

const set: Judge = (words) =>
  words.every(({ kind, value }) => kind === "plain" && SAFE_SET.test(value))
    ? harmless("sets how the shell reports errors")
    : unknown("`set` changes how the shell reads what follows");

/** `export A=b`: the same names as in front of a command. */
const exported: Judge = (words) => {
  const isSafe = ({ kind, value }: ShellWord): boolean => {
    const split = value.indexOf("=");
    if (kind !== "plain") return false;
    if (split === -1) return isOwnVariable(value);
    const name = value.slice(0, split);
    return isOwnVariable(name) || isHarmlessEnvironment(name, value.slice(split + 1));
  };
  return words.length > 0 && words.every(isSafe)
    ? harmless("sets a variable")
    : unknown("sets what may change what runs");
};

/** Other forms evaluate what is between the brackets of a name, and run commands that stand there. */
const read: Judge = (words) => {
  const parsed = parseOptions(words, { flags: "-r -s -e", takes: "-d -n -N -p -t" });
  return parsed.ok &&
    parsed.operands.length > 0 &&
    parsed.given.every(({ name, value }) => !/^-[tnN]$/.test(name) || /^\d+(?:\.\d+)?$/.test(value?.value ?? "")) &&
    parsed.operands.every(({ kind, value }) => kind === "plain" && isOwnVariable(value))
    ? harmless("reads a line into a variable")
    : unknown("`read` sets what may change what runs");
};

const unset: Judge = (words) =>
  words.every(({ kind, value }) => kind === "plain" && isOwnVariable(value))
    ? harmless("forgets a variable")
    : unknown("`unset` changes what later commands see");

const echo: Judge = () => harmless("only prints");

/** `%n` sets a variable. */
const PRINTS = /^(?:[^%]|%[-+ #0']*\d*(?:\.\d+)?[sbqcdiouxXeEfFgG])*$/;
const NUMBERS = /%[-+ #0']*[\d.]*[diouxXeEfFgG]/;

const printf: Judge = ([format, ...values]) => {
  if (format?.kind !== "plain" || format.value.startsWith("-")) return unknown("`printf` may set a variable");
  const text = format.value.replaceAll("%%", "");
  if (!PRINTS.test(text)) return unknown("`printf` may set a variable");
  // zsh takes them for arithmetic, which runs commands: 'a[$(rm y)]'.
  const known = values.every(({ kind, value }) => kind === "plain" && /^-?\d*(?:\.\d+)?$/.test(value));
  return known || !NUMBERS.test(text) ? harmless("only prints") : unknown("`printf` of a number that is evaluated");
};

const UNARY = /^-[abcdefghknprstuwxzLOGNS]$/;
const BINARY = /^(?:=|==|!=|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;

/** Only forms in which no operand can become an operator: `-v` evaluates its operand. */
function test(words: readonly ShellWord[]): Verdict {
  const [first, ...more] = words;
  const terms = first?.kind === "plain" && first.value === "!" ? more : words;
  const known = terms.every(({ isOneWord }) => isOneWord) && isKnownTest(terms);
  return known ? harmless("only tests") : unknown("a test that is evaluated");
}

function isKnownTest([a, b, ...more]: readonly ShellWord[]): boolean {
  const isPlain = (word: ShellWord | undefined, form: RegExp): boolean =>
    word?.kind === "plain" && form.test(word.value);
  if (b === undefined) return a?.kind === "plain";
  if (more.length === 0) return isPlain(a, UNARY);
  return more.length === 1 && isPlain(b, BINARY);
}

const bracket: Judge = (words) =>
  words.at(-1)?.value === "]" ? test(words.slice(0, -1)) : unknown("a test without its end");

const finder: Judge = (words) =>
  words.every(({ kind }) => kind === "plain")
    ? harmless("only looks a name up")
    : unknown("looks up a name that only the shell knows");

const numberOnly: Judge = (words) =>
  words.every(({ kind, value }) => kind === "plain" && /^\d{0,3}$/.test(value)) ||
  words.every(({ shown }) => shown === "$?")
    ? harmless("leaves")
    : unknown("leaves with a value that is evaluated");

/** `exec` is followed by redirections only, or it runs the command in place of the shell. */
const exec: Judge = (words, context) => {
  if (words.length === 0) return harmless("redirects what follows");
  if (words[0]?.kind === "plain" && words[0].value.startsWith("-")) return unknown("`exec` with options");
  return verdict(context.run(words, context.folders), "runs the command behind it");
};

const evaluate: Judge = (words, context) => {
  if (!words.every(({ kind }) => kind === "plain")) return unknown("`eval` of text that only the shell knows");
  context.runText(words.map(({ value }) => value).join(" "), false);
  // What it assigns and where it goes is the shell's from here on.
  return { ...verdict("read", "runs the text behind it"), folders: null };
};

/** `command -v` looks up, `command` runs without functions. */
const command: Judge = (words, context) => {
  const [first] = words;
  if (first?.kind === "plain" && /^-[vV]+$/.test(first.value)) return finder(words.slice(1), context);
  return first === undefined || (first.kind === "plain" && first.value.startsWith("-"))
    ? unknown("`command` with options")
    : inPlace(words, context);
};

/** The command behind it may move the shell. */
function inPlace(words: readonly ShellWord[], context: CommandContext): Verdict {
  const moves = words[0]?.kind !== "plain" || /^(?:cd|eval|command|builtin|pushd|popd)$/.test(words[0].value);
  const judged = verdict(context.run(words, context.folders), "runs the command behind it");
  return moves ? { ...judged, folders: null } : judged;
}

/** Commands that the shell itself carries out. */
export const BUILTINS: Readonly<Record<string, Judge>> = {
  ":": nothing,
  true: nothing,
  false: nothing,
  wait,
  times: nothing,
  jobs: (words) =>
    words.every(({ value }) => value !== "-x") ? finder(words, NO_CONTEXT) : unknown("`jobs -x` runs a command"),
  pwd: () => harmless("only prints"),
  exit: numberOnly,
  return: numberOnly,
  break: numberOnly,
  continue: numberOnly,
  shift: numberOnly,
  cd,
  set,
  export: exported,
  read,
  unset,
  echo,
  printf,
  test,
  "[": bracket,
  type: finder,
  exec,
  eval: evaluate,
  command,
  builtin: (words, context) => inPlace(words, context),
};

/** For judges that need none. */
const NO_CONTEXT: CommandContext = { home: "/", folders: null, run: () => "unknown", runText: () => {} };
