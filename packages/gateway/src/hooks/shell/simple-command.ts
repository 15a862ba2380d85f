import type { Assignment, Command, CommandArgument, Word } from "unbash";
import type { Effect } from "@countersign/core";
import { judgeExpansions } from "./expansions.ts";
import type { Folders } from "./files.ts";
import { judgeOf } from "./programs/index.ts";
import { judgeRedirections } from "./redirections.ts";
import { type ShellWord, anything, plain, shellWord } from "./shell-word.ts";
import { isHarmlessEnvironment, isOwnVariable } from "./variables.ts";
import { type CommandContext, type Verdict, unknown } from "./verdict.ts";
import type { Outcome, Walk } from "./walk.ts";
import { MAX_DEPTH } from "./findings.ts";

/** Judges one command with its assignments and redirections. */
export function judgeCommand(command: Command, walk: Walk, folders: Folders): Outcome {
  const assignments = command.prefix.filter((node) => node.type === "Assignment");
  for (const assignment of assignments)
    judgeAssignment(assignment, { walk, folders, alone: command.name === undefined });
  judgeRedirections(command.redirects, walk, folders);
  if (command.name === undefined) return { ok: folders, failed: folders };
  const written = [command.name, ...command.args];
  for (const word of written) judgeExpansions(word, walk, folders);
  const words = written.map((word) => wordOf(word, walk.home));
  const { folders: moved } = judgeWords(words, walk, folders);
  return { ok: moved === undefined ? folders : moved, failed: folders };
}

/** What stands behind `export` and the like is parsed as an assignment; here it is a word as any other. */
function wordOf(argument: CommandArgument, home: string): ShellWord {
  if (argument.type === "Word") return shellWord(argument, home);
  const dynamic = anything(argument.text);
  if (argument.value.type !== "Word" || argument.index !== undefined || argument.append === true) return dynamic;
  const value = shellWord(argument.value, home);
  const text = `${argument.name}=${value.value}`;
  return value.kind === "plain" ? { ...plain(text), shown: argument.text } : dynamic;
}

/** Judges the words of a command, of those also that wrappers run. */
function judgeWords(words: readonly ShellWord[], walk: Walk, folders: Folders): Verdict {
  const judged = walk.findings.step() ? verdictOf(words, walk, folders) : unknown("the line has too many parts");
  walk.findings.command({
    text: words.map(({ shown }) => shown).join(" "),
    effect: judged.effect,
    reason: judged.reason,
  });
  for (const resource of judged.resources) walk.findings.resource(resource);
  return judged;
}

function verdictOf(words: readonly ShellWord[], walk: Walk, folders: Folders): Verdict {
  const [name, ...rest] = words;
  if (name === undefined) return unknown("no program is named");
  if (name.kind !== "plain") return unknown("which program runs is only known to the shell");
  if (walk.depth > MAX_DEPTH) return unknown("the line is nested too deep");
  const judge = judgeOf(name.value);
  if (judge === null) return unknown(`what \`${name.value}\` does is not known`);
  return judge(rest, contextOf(walk, folders));
}

function contextOf(outer: Walk, folders: Folders): CommandContext {
  const walk = { ...outer, depth: outer.depth + 1 };
  return {
    home: walk.home,
    folders,
    run: (words, inside): Effect => judgeWords(words, walk, inside).effect,
    runText: (text, isPlainShell) => {
      walk.text(text, { ...walk, isPlainShell: isPlainShell || walk.isPlainShell }, folders);
    },
  };
}

interface AssignmentPlace {
  readonly walk: Walk;
  readonly folders: Folders;
  /** No command follows: only the shell sees it, unless the name is in its environment already. */
  readonly alone: boolean;
}

function judgeAssignment(assignment: Assignment, { walk, folders, alone }: AssignmentPlace): void {
  const { name, value } = assignment;
  judgeExpansions(assignment, walk, folders);
  if (assignment.index !== undefined || value.type !== "Word" || assignment.append === true)
    walk.findings.note("unknown", `what is assigned to \`${name}\` is evaluated`);
  else if (!(alone && isOwnVariable(name)) && !isHarmless(name, value, walk.home))
    walk.findings.note("unknown", `\`${name}\` may change what runs`);
}

function isHarmless(name: string, value: Word, home: string): boolean {
  const word = shellWord(value, home);
  return (word.kind === "plain" || value.text === "") && isHarmlessEnvironment(name, word.value);
}
