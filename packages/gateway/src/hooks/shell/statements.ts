import type {
  AndOr,
  CommandNode,
  CompoundCommand,
  CompoundList,
  Pipeline,
  PipelineNode,
  Statement,
  SyntaxNode,
} from "unbash";
import { judgeExpansions, judgeExpansionsOf } from "./expansions.ts";
import type { Folders } from "./files.ts";
import { MAX_DEPTH } from "./findings.ts";
import { judgeRedirections } from "./redirections.ts";
import { judgeCommand } from "./simple-command.ts";
import { isOwnVariable } from "./variables.ts";
import { type Outcome, type Walk, either } from "./walk.ts";

/** Judges statements in their order; answers where the shell may be after them. */
export function judgeStatements(statements: readonly Statement[], walk: Walk, folders: Folders): Outcome {
  let outcome: Outcome = { ok: folders, failed: folders };
  for (const { command, background } of statements) {
    const before = either(outcome.ok, outcome.failed);
    outcome = judgeNode(command, walk, before);
    if (background === true) outcome = { ok: before, failed: before };
  }
  return outcome;
}

type Runnable = PipelineNode | AndOr | CompoundList;

function judgeNode(node: Runnable, outer: Walk, folders: Folders): Outcome {
  const walk = { ...outer, depth: outer.depth + 1 };
  const stay: Outcome = { ok: folders, failed: folders };
  if (!walk.findings.step()) return stay;
  if (tooDeep(walk)) return stay;
  switch (node.type) {
    case "Command":
      return judgeCommand(node, walk, folders);
    case "AndOr":
      return judgeAndOr(node, walk, folders);
    case "Pipeline":
      return judgePipeline(node, walk, folders);
    case "CompoundList":
      return judgeStatements(node.commands, walk, folders);
    case "Redirected":
      judgeRedirections(node.redirects, walk, folders);
      return judgeNode(node.command, walk, folders);
    case "Function":
      // INV-2: from here on a name means something else than the tables say.
      walk.findings.note("unknown", `the function \`${node.name.text}\` is defined`);
      judgeNode(node.body, walk, null);
      return stay;
    case "Coproc":
      walk.findings.note("unknown", "a coprocess is started");
      judgeNode(node.body, walk, folders);
      return stay;
    case "ArithmeticCommand":
    case "ArithmeticFor":
    case "BraceGroup":
    case "Case":
    case "For":
    case "If":
    case "Select":
    case "Subshell":
    case "TestCommand":
    case "While":
      return judgeCompound(node, walk, folders);
    default:
      node satisfies never;
      walk.findings.note("unknown", "a form that is not known");
      return stay;
  }
}

function tooDeep({ depth, findings }: Walk): boolean {
  if (depth <= MAX_DEPTH) return false;
  findings.note("unknown", "the line is nested too deep");
  return true;
}

function judgeAndOr(node: AndOr, walk: Walk, folders: Folders): Outcome {
  const [first, ...rest] = node.commands;
  if (first === undefined) return { ok: folders, failed: folders };
  let outcome = judgeNode(first, walk, folders);
  for (const [at, command] of rest.entries()) {
    const isAnd = node.operators[at] === "&&";
    const next = judgeNode(command, walk, isAnd ? outcome.ok : outcome.failed);
    outcome = isAnd
      ? { ok: next.ok, failed: either(outcome.failed, next.failed) }
      : { ok: either(outcome.ok, next.ok), failed: next.failed };
  }
  return outcome;
}

/** Parts of a pipeline run in shells of their own, the last in some shells not. */
function judgePipeline(node: Pipeline, walk: Walk, folders: Folders): Outcome {
  let last: Outcome = { ok: folders, failed: folders };
  for (const command of node.commands) last = judgeNode(command, walk, folders);
  const after = either(folders, either(last.ok, last.failed));
  return { ok: after, failed: after };
}

function judgeCompound(
  node: Exclude<CommandNode, { type: "Command" | "Redirected" | "Function" | "Coproc" }>,
  walk: Walk,
  folders: Folders,
): Outcome {
  const stay: Outcome = { ok: folders, failed: folders };
  switch (node.type) {
    case "BraceGroup":
      return judgeNode(node.body, walk, folders);
    case "Subshell":
      judgeNode(node.body, walk, folders);
      return stay;
    case "If":
      return judgeIf(node, walk, folders);
    case "Case":
      return judgeCase(node, walk, folders);
    case "While":
    case "For":
    case "Select":
    case "ArithmeticFor":
      return judgeLoop(node, walk, folders);
    case "TestCommand":
      judgeTest(node, walk, folders);
      return stay;
    case "ArithmeticCommand":
      // A variable's text is evaluated here, and a plain `sh` runs what stands between the parentheses.
      walk.findings.note("unknown", "an arithmetic command");
      if (node.expression !== undefined) judgeExpansions(node.expression, walk, folders);
      return stay;
    default:
      node satisfies never;
      walk.findings.note("unknown", "a form that is not known");
      return stay;
  }
}

type Of<T> = Extract<CompoundCommand, { type: T }>;

function judgeIf(node: Of<"If">, walk: Walk, folders: Folders): Outcome {
  let clause = judgeNode(node.clause, walk, folders);
  let after = allOf(judgeNode(node.then, walk, clause.ok));
  for (const { clause: next, then } of node.elif) {
    clause = judgeNode(next, walk, clause.failed);
    after = either(after, allOf(judgeNode(then, walk, clause.ok)));
  }
  const last = node.else === undefined ? clause.failed : allOf(judgeNode(node.else, walk, clause.failed));
  after = either(after, last);
  return { ok: after, failed: after };
}

function judgeCase(node: Of<"Case">, walk: Walk, folders: Folders): Outcome {
  judgeExpansions(node.word, walk, folders);
  let after = folders;
  for (const { pattern, body } of node.items) {
    judgeExpansionsOf(pattern, walk, folders);
    // A body may go on in the next one (`;&`): each starts from all that may be.
    after = either(after, allOf(judgeNode(body, walk, after)));
  }
  return { ok: after, failed: after };
}

function judgeLoop(node: Of<"While" | "For" | "Select" | "ArithmeticFor">, walk: Walk, folders: Folders): Outcome {
  judgeLoopHead(node, walk, folders);
  const start = node.type === "While" ? allOf(judgeNode(node.clause, walk, folders)) : folders;
  const after = either(start, allOf(judgeNode(node.body, walk, start)));
  const moves = either(folders, after)?.length !== folders?.length;
  // The second turn starts where the first one ended.
  if (moves) walk.findings.note("unknown", "a loop changes its folder");
  return { ok: moves ? null : folders, failed: moves ? null : folders };
}

function judgeLoopHead(node: Of<"While" | "For" | "Select" | "ArithmeticFor">, walk: Walk, folders: Folders): void {
  if (node.type === "For" || node.type === "Select") {
    judgeExpansionsOf(node.wordlist ?? [], walk, folders);
    if (!isOwnVariable(node.name.text)) walk.findings.note("unknown", `\`${node.name.text}\` may change what runs`);
  }
  if (node.type !== "ArithmeticFor") return;
  walk.findings.note("unknown", "an arithmetic loop");
  const parts: readonly (SyntaxNode | undefined)[] = [node.initialize, node.test, node.update];
  for (const part of parts) if (part !== undefined) judgeExpansions(part, walk, folders);
}

/** `[[ … ]]` evaluates numbers as arithmetic; a plain `sh` takes its `<`, `>`, `&&` and `||` for its own. */
function judgeTest(node: Of<"TestCommand">, walk: Walk, folders: Folders): void {
  if (walk.isPlainShell) walk.findings.note("unknown", "`[[` is not known to every shell");
  judgeTestPart(node.expression, walk, folders);
}

function judgeTestPart(node: Of<"TestCommand">["expression"], walk: Walk, folders: Folders): void {
  if (!walk.findings.step()) return;
  switch (node.type) {
    case "TestUnary":
      if (!/^-[abcdefghkprstuwxznLGNOS]$/.test(node.operator))
        walk.findings.note("unknown", `test \`${node.operator}\` is evaluated`);
      judgeExpansions(node.operand, walk, folders);
      return;
    case "TestBinary":
      if (
        !/^(?:=|==|!=|=~|-nt|-ot|-ef)$/.test(node.operator) &&
        ![node.left, node.right].every(({ text }) => /^\d+$/.test(text))
      )
        walk.findings.note("unknown", `test \`${node.operator}\` is evaluated`);
      judgeExpansionsOf([node.left, node.right], walk, folders);
      return;
    case "TestLogical":
      for (const operand of node.operands) judgeTestPart(operand, walk, folders);
      return;
    case "TestNot":
      judgeTestPart(node.operand, walk, folders);
      return;
    case "TestGroup":
      judgeTestPart(node.expression, walk, folders);
      return;
    default:
      node satisfies never;
      walk.findings.note("unknown", "a test that is not known");
  }
}

const allOf = ({ ok, failed }: Outcome): Folders => either(ok, failed);
