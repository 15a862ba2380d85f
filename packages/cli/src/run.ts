import type { Cli, Surroundings } from "./cli.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./command/exit-code.ts";
import { commandHelp, groupHelp } from "./command/help.ts";
import { type Group, isGroup, type Leaf, TREE } from "./command/tree.ts";
import { UsageError } from "./command/usage-error.ts";
import { asAppError, failureJson, failureLines } from "./output/failure.ts";
import { createOutput } from "./output/output.ts";
import { VERSION } from "./version.ts";

const TITLE = "Countersign: every action of an agent bound to a human, a device and a task.";

/**
 * Runs one command line (without the program's name). Never rejects: an error is two lines on standard error, or one line of
 * problem+json with `--json`.
 * @returns the exit code (interfaces: command line).
 */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const json = beforeDashes(argv).includes("--json");
  try {
    return await dispatch(argv, { ...surroundings, out: outputOf(json, surroundings) });
  } catch (thrown) {
    const error = asAppError(thrown);
    surroundings.stderr.write(`${json ? failureJson(error) : failureLines(error).join("\n")}\n`);
    return exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[], cli: Cli): Promise<ExitCode> {
  const [first, second] = argv.filter((word) => word !== "--json");
  if (first === undefined || isHelp(first))
    return help(cli, groupHelp({ title: TITLE, usage: "COMMAND [flags]", rows: rootRows() }));
  if (first === "--version") {
    cli.out.answer({ version: VERSION }, () => [VERSION]);
    return EXIT.ok;
  }
  const node = Object.hasOwn(TREE, first) ? TREE[first] : undefined;
  if (node === undefined) throw new UsageError(`unknown command \`${first}\``);
  if (!isGroup(node)) return await runLeaf(node, without(argv, [first]), cli);
  return await runGroup(node, argv, { cli, first, second });
}

interface Words {
  readonly cli: Cli;
  readonly first: string;
  readonly second: string | undefined;
}

async function runGroup(group: Group, argv: readonly string[], { cli, first, second }: Words): Promise<ExitCode> {
  const { leaves, self, summary } = group;
  if (self !== undefined && (second === undefined || (second.startsWith("-") && !isHelp(second))))
    return await runLeaf(self, without(argv, [first]), cli);
  if (second === undefined)
    throw new UsageError(`\`${first}\` needs a command: ${Object.keys(leaves).join(", ")}`, first);
  if (isHelp(second)) {
    const title = `${first}: ${summary}.`;
    return help(cli, groupHelp({ title, usage: `${first} COMMAND [flags]`, rows: rowsOf(first, group) }));
  }
  const leaf = Object.hasOwn(leaves, second) ? leaves[second] : undefined;
  if (leaf === undefined) throw new UsageError(`unknown command \`${first} ${second}\``, first);
  return await runLeaf(leaf, without(argv, [first, second]), cli);
}

async function runLeaf(leaf: Leaf, rest: readonly string[], cli: Cli): Promise<ExitCode> {
  const command = await leaf.load();
  if (!beforeDashes(rest).some(isHelp)) return await command.run(rest, cli);
  return help(cli, commandHelp(command));
}

function help(cli: Cli, page: readonly string[]): ExitCode {
  cli.stdout.write(`${page.join("\n")}\n`);
  return EXIT.ok;
}

function rootRows(): (readonly [string, string])[] {
  return Object.entries(TREE).flatMap(([name, node]) =>
    isGroup(node) ? rowsOf(name, node) : [[name, node.summary] as const],
  );
}

function rowsOf(word: string, { leaves, self }: Group): (readonly [string, string])[] {
  const own = self === undefined ? [] : [[`${word} --…`, self.summary] as const];
  return [...own, ...Object.entries(leaves).map(([name, { summary }]) => [`${word} ${name}`, summary] as const)];
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** The words before `--`: what comes after belongs to someone else's command line. */
function beforeDashes(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf("--");
  return at === -1 ? argv : argv.slice(0, at);
}

/** `argv` without the first occurrence of each of the command's own words. */
function without(argv: readonly string[], words: readonly string[]): readonly string[] {
  const rest = [...argv];
  for (const word of words) rest.splice(rest.indexOf(word), 1);
  return rest;
}

function outputOf(json: boolean, { stdout, stderr, env }: Surroundings): Cli["out"] {
  return createOutput({ stdout, stderr, json, noColor: env.noColor });
}
