import { type ParameterExpansionPart, type SyntaxNode, type Word, forEachChild } from "unbash";
import type { Folders } from "./files.ts";
import { isOwnVariable } from "./variables.ts";
import type { Walk } from "./walk.ts";

/** Judges whatever the shell runs while it expands a word, and notes what no reader can foresee. */
export function judgeExpansions(node: SyntaxNode, walk: Walk, folders: Folders): void {
  if (!walk.findings.step()) return;
  if (isScript(node)) {
    judgeScriptOf(node, walk, folders);
    return;
  }
  const fault = faultOf(node, walk);
  if (fault !== null) walk.findings.note("unknown", fault);
  forEachChild(node, (child) => judgeExpansions(child, walk, folders));
}

/** The same for several words. */
export function judgeExpansionsOf(words: readonly (Word | undefined)[], walk: Walk, folders: Folders): void {
  for (const word of words) if (word !== undefined) judgeExpansions(word, walk, folders);
}

type WithScript = Extract<SyntaxNode, { script: unknown }>;

function isScript(node: SyntaxNode): node is WithScript {
  return /^(?:CommandExpansion|ProcessSubstitution|ArithmeticCommandExpansion)$/.test(node.type);
}

function judgeScriptOf(node: WithScript, walk: Walk, folders: Folders): void {
  if (walk.isPlainShell && node.type === "ProcessSubstitution")
    walk.findings.note("unknown", "process substitution is not known to every shell");
  if (node.script === undefined) walk.findings.note("unknown", "a substitution cannot be read");
  else walk.script(node.script, walk, folders);
}

/** Why what a part of a word expands to cannot be foreseen; null where it only makes text. */
function faultOf(node: SyntaxNode, walk: Walk): string | null {
  if ((node.type === "Word" || node.type === "DoubleQuoted") && hasIndex(node)) return "an index that zsh evaluates";
  if (node.type === "ArithmeticExpansion")
    // A variable's text is evaluated again here, and may run commands: x='a[$(rm y)]'.
    return /^\$(?:\(\(|\[)[\d\s+\-*/%()<>=!&|^~?:,]*[)\]]+$/.test(node.text)
      ? null
      : "an arithmetic expansion uses more than numbers";
  if (node.type === "AnsiCQuoted" || node.type === "LocaleString")
    return walk.isPlainShell ? "a plain `sh` reads these quotes differently" : null;
  // In zsh the same form is a qualifier, which may run code.
  if (node.type === "ExtendedGlob") return "an extended pattern is read differently from shell to shell";
  return node.type === "ParameterExpansion" ? faultOfParameter(node) : null;
}

/** `$x[i]`: two things to bash, an arithmetic index to zsh. */
function hasIndex({ parts }: Extract<SyntaxNode, { type: "Word" | "DoubleQuoted" }>): boolean {
  return (parts ?? []).some((part, at) => {
    const next = parts?.[at + 1]?.text ?? "";
    return part.type === "SimpleExpansion" && next.startsWith("[") && !/^\[\d+\]/.test(next);
  });
}

function faultOfParameter({ prefix, index, operation, parameter }: ParameterExpansionPart): string | null {
  if (prefix === "!") return "an indirect expansion";
  if (index !== undefined && !/^(?:\d+|@|\*)$/.test(index.text)) return "an index that is evaluated";
  if (!/^(?:\w+|[@*#?$!-])$/.test(parameter)) return "an expansion that is not known";
  return operation === undefined ? null : faultOfOperation(operation, parameter);
}

function faultOfOperation(
  operation: NonNullable<ParameterExpansionPart["operation"]>,
  parameter: string,
): string | null {
  const isNumber = (text: string | undefined): boolean => text === undefined || /^\s*-?\d+$/.test(text);
  switch (operation.type) {
    case "Remove":
    case "Replace":
    case "CaseModification":
      return null;
    case "Default":
      return operation.operator.endsWith("=") && !isOwnVariable(parameter) ? `\`${parameter}\` may be set` : null;
    case "Slice":
      return isNumber(operation.offset.text) && isNumber(operation.length?.text) ? null : "a slice that is evaluated";
    case "Names":
    case "Transform":
    case "Unknown":
      return "an expansion that is not known";
    default:
      operation satisfies never;
      return "an expansion that is not known";
  }
}
