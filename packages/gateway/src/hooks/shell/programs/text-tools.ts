import { type Effect, graver } from "@countersign/core";
import { type GivenOption, type OptionTable, parseOptions } from "../options.ts";
import type { ShellWord } from "../shell-word.ts";
import { type Judge, touching, unknown, verdict } from "../verdict.ts";
import { harmlessSed } from "./sed-script.ts";

const notStdin = ({ value, kind }: ShellWord): boolean => kind !== "plain" || value !== "-";

const SED: OptionTable = {
  flags: "-n -E -r -s -u -z --quiet --silent --regexp-extended --separate --null-data --debug --posix --sandbox",
  takes: "-e -l --expression",
  optional: "-i --in-place",
};

const sed: Judge = (words, context) => {
  const parsed = parseOptions(words, SED);
  if (!parsed.ok) return unknown(`\`sed\`: ${parsed.reason}`);
  const { given, operands } = parsed;
  const scripts = given.filter(({ name }) => name === "-e" || name === "--expression").map(({ value }) => value);
  const inPlace = given.filter(({ name }) => name === "-i" || name === "--in-place");
  const isBsd = inPlace.length > 0 && operands[0]?.kind === "plain" && operands[0].value === "";
  let files = isBsd ? operands.slice(1) : operands;
  if (scripts.length === 0) {
    scripts.push(files[0] ?? null);
    files = files.slice(1);
  }
  const letters = scripts.map((script) => (script?.kind === "plain" ? harmlessSed(script.value) : null));
  if (letters.includes(null)) return unknown("what the `sed` script does is not known");
  if (inPlace.some(({ value }) => value !== null)) return unknown("`sed` keeps a copy under another name");
  const effect = inPlace.length === 0 ? "read" : inPlaceEffect(given, letters.join(""));
  const base = verdict(effect, effect === "read" ? "only reads" : "edits files in place");
  return touching(base, [{ words: files.filter(notStdin), effect }], context);
};

/** What is not printed is gone from the file. */
function inPlaceEffect(given: readonly GivenOption[], letters: string): Effect {
  const quiet = given.some(({ name }) => /^(?:-n|--quiet|--silent)$/.test(name));
  return quiet || /[^sy={}]/.test(letters) ? "destructive" : "write";
}

/** All ways of awk to run or to write something: calls, pipes, redirections, indirect calls and other files. */
const AWK_ACTS = /system|getline|ARGV|ARGC|SYMTAB|extension|[|>@]/;

const awk: Judge = (words, context) => {
  const parsed = parseOptions(words, { takes: "-F -v", untilOperand: true });
  if (!parsed.ok) return unknown(`\`awk\`: ${parsed.reason}`);
  const [program, ...rest] = parsed.operands;
  const files = rest.filter((word) => notStdin(word) && !(word.kind === "plain" && /^[A-Za-z_]\w*=/.test(word.value)));
  if (files.some(({ kind, value }) => kind === "dynamic" || value.startsWith("-") || value === ""))
    return unknown("`awk` with words that may be options");
  if (program?.kind !== "plain" || AWK_ACTS.test(program.value.replaceAll("||", "")))
    return unknown("the `awk` program may run or write something");
  return touching(verdict("read", "only reads"), [{ words: files, effect: "read" }], context);
};

/** `uniq in out`, `xxd in out`: the second file is overwritten. */
function inThenOut(name: string, table: OptionTable): Judge {
  return (words, context) => {
    const parsed = parseOptions(words, table);
    if (!parsed.ok) return unknown(`\`${name}\`: ${parsed.reason}`);
    const [input, output, ...more] = parsed.operands;
    if (more.length > 0 || parsed.operands.some(({ kind }) => kind === "pattern"))
      return unknown(`\`${name}\` with more than two files`);
    const reads = { words: input === undefined ? [] : [input].filter(notStdin), effect: "read" as const };
    const writes = { words: output === undefined ? [] : [output].filter(notStdin), effect: "destructive" as const };
    return touching(
      verdict("read", output === undefined ? "only reads" : "overwrites its second file"),
      [reads, writes],
      context,
    );
  };
}

const JQ: OptionTable = {
  flags:
    "-n -R -s -c -C -M -a -S -r -j -e --null-input --raw-input --slurp --compact-output --color-output --monochrome-output --ascii-output --sort-keys --raw-output --raw-output0 --join-output --exit-status --tab --stream --seq --unbuffered",
  takes: "--indent",
};

/** `--arg name value` has two values; a program may import other files. */
const jq: Judge = (words, context) => {
  const rest: ShellWord[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word?.kind === "plain" && (word.value === "--arg" || word.value === "--argjson")) {
      if (words.slice(at + 1, at + 3).some(({ kind }) => kind !== "plain"))
        return unknown("`jq` with values that only the shell knows");
      at += 2;
    } else if (word !== undefined) rest.push(word);
  }
  const parsed = parseOptions(rest, JQ);
  if (!parsed.ok) return unknown(`\`jq\`: ${parsed.reason}`);
  const [program, ...files] = parsed.operands;
  if (program?.kind !== "plain" || /\b(?:import|include|modulemeta)\b/.test(program.value))
    return unknown("the `jq` program may read other files");
  return touching(verdict("read", "only reads"), [{ words: files.filter(notStdin), effect: "read" }], context);
};

/** `date +format` prints, `date 1231…` and `-s` set the clock. */
const date: Judge = (words) => {
  const parsed = parseOptions(words, {
    flags: "-u -R --utc --rfc-email",
    takes: "-d --date",
    optional: "-I --iso-8601 --rfc-3339",
  });
  if (!parsed.ok) return unknown(`\`date\`: ${parsed.reason}`);
  return parsed.operands.every(({ kind, value }) => kind === "plain" && value.startsWith("+"))
    ? verdict("read", "only prints")
    : unknown("`date` may set the clock");
};

/** A pager takes commands while it runs, and runs programs for them: an agent that can type into its shell has them all. */
const pager: Judge = () => unknown("a pager runs what is typed into it");

/** `-c` and `-l` print; else the files are replaced by packed or unpacked ones. */
const gzip: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags:
      "-c -d -f -k -l -n -N -q -r -t -v --stdout --to-stdout --decompress --keep --list --test --force --quiet --verbose",
    numeric: true,
  });
  if (!parsed.ok) return unknown(`packing: ${parsed.reason}`);
  const onlyPrints = parsed.given.some(({ name }) =>
    ["-c", "--stdout", "--to-stdout", "-l", "--list", "-t", "--test"].includes(name),
  );
  const recurses = parsed.given.some(({ name }) => name === "-r");
  const files = parsed.operands.filter(notStdin);
  if (onlyPrints || files.length === 0)
    return touching(verdict("read", "only reads"), [{ words: files, effect: "read", recurses }], context);
  // The packed file stands beside the other one, under a name that only the program makes.
  const beside = files.map((word): ShellWord => ({ ...word, kind: word.kind === "dynamic" ? "dynamic" : "pattern" }));
  const touched = [
    ...files,
    ...beside.map((word) => (word.value.includes("/") ? word : { ...word, value: `./${word.value}` })),
  ];
  return touching(
    verdict(graver("destructive", "write"), "replaces files"),
    [{ words: touched, effect: "destructive", recurses }],
    context,
  );
};

/** Tools for text whose arguments decide what they do. */
export const TEXT_TOOLS: Readonly<Record<string, Judge>> = {
  sed,
  awk,
  gawk: awk,
  mawk: awk,
  nawk: awk,
  jq,
  date,
  man: pager,
  less: pager,
  more: pager,
  gzip,
  gunzip: gzip,
  bzip2: gzip,
  xz: gzip,
  uniq: inThenOut("uniq", {
    flags: "-c -d -D -i -u -z --count --repeated --unique --ignore-case",
    takes: "-f -s -w",
    numeric: false,
  }),
  xxd: inThenOut("xxd", {
    flags: "-b -C -e -i -p -ps -u -a -r -plain",
    takes: "-c -g -l -o -s -n -len -cols -groupsize",
    wordy: true,
  }),
};
