import type { Effect } from "@countersign/core";
import { pathsOf } from "../files.ts";
import { type ShellWord, anything, below, plain } from "../shell-word.ts";
import { type CommandContext, type Judge, touching, unknown, verdict } from "../verdict.ts";

const TESTS_ALONE =
  "-depth -mount -xdev -daystart -empty -executable -readable -writable -nouser -nogroup -true -false -print -print0 -ls -prune -quit -not -a -and -o -or ! ( ) , -noleaf -follow -d -warn -nowarn";
const TESTS_WITH_VALUE =
  "-maxdepth -mindepth -amin -anewer -atime -cmin -cnewer -ctime -fstype -gid -group -ilname -iname -inum -ipath -iregex -iwholename -links -lname -mmin -mtime -name -newer -path -perm -printf -regex -regextype -samefile -size -type -uid -used -user -wholename -xtype";

const isOneOf = (list: string, name: string): boolean => !name.includes(" ") && ` ${list} `.includes(` ${name} `);

interface Search {
  readonly roots: readonly ShellWord[];
  readonly context: CommandContext;
  effect: Effect;
}

/** `find`: reads below its roots; `-delete` removes there; `-exec` runs a command with what it finds. */
export const find: Judge = (words, context) => {
  const options = words.findIndex(({ value, kind }) => kind !== "plain" || !/^-[HLP]$/.test(value));
  const rest = options === -1 ? [] : words.slice(options);
  const start = rest.findIndex(({ kind, value }) => kind === "plain" && /^[-!(]/.test(value));
  const named = start === -1 ? rest : rest.slice(0, start);
  const roots = named.length === 0 ? [plain(".")] : named;
  if (roots.some(({ kind, value }) => kind === "dynamic" || (kind === "pattern" && /^[-!(,]|^$/.test(value))))
    return unknown("`find`: its roots may turn into options");
  const search: Search = { roots, context, effect: "read" };
  const fault = start === -1 ? null : readExpression(rest.slice(start), search);
  if (fault !== null) return unknown(`\`find\`: ${fault}`);
  const removes = search.effect === "destructive";
  const base = verdict(search.effect, removes ? "removes what it finds" : "only searches");
  return touching(base, [{ words: roots, effect: search.effect, recurses: true, removes }], context);
};

function readExpression(words: readonly ShellWord[], search: Search): string | null {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word?.kind !== "plain") return "an expression that only the shell knows";
    if (isOneOf(TESTS_ALONE, word.value)) continue;
    if (word.value === "-delete") search.effect = "destructive";
    else if (isOneOf(TESTS_WITH_VALUE, word.value)) {
      at += 1;
      if (words[at]?.kind !== "plain") return "an expression that only the shell knows";
    } else if (word.value === "-exec") {
      const end = endOfCommand(words, at + 1);
      if (end === null) return "a command without its end";
      runFound(words.slice(at + 1, end), search);
      at = end;
    } else return `\`${word.value}\` is not known here`;
  }
  return null;
}

function endOfCommand(words: readonly ShellWord[], from: number): number | null {
  const end = words.findIndex(
    ({ value, kind }, at) =>
      at > from && kind === "plain" && (value === ";" || (value === "+" && words[at - 1]?.value === "{}")),
  );
  return end === -1 ? null : end;
}

/** `{}` stands for anything below a root; inside of a longer word, or below a root that could read as an option, for anything. */
function runFound(command: readonly ShellWord[], { roots, context }: Search): void {
  const found = roots.flatMap((root): readonly ShellWord[] => {
    const paths = pathsOf(root, context.folders);
    return paths.ok ? paths.names.map((path) => below(path.endsWith("/**") ? path.slice(0, -2) : `${path}/`)) : [];
  });
  const words = command.flatMap((word) => {
    if (!word.value.includes("{}")) return [word];
    return word.value === "{}" && found.length > 0 ? found : [anything("{}")];
  });
  context.run(words, context.folders);
}
