import { type ParameterExpansionPart, type SyntaxNode, type Word, forEachChild } from "unbash";
import type { Folders } from "./files.ts";
import { isOwnVariable } from "./variables.ts";
import type { Walk } from "./walk.ts";

/** Judges whatever the shell runs while it expands a word, and notes what no reader can foresee. */
export function judgeExpansions(node: SyntaxNode, walk: Walk, folders: Folders): void {
  if (!walk.findings.step()) return;
  switch (node.type) {
    case "CommandExpansion":
    case "ProcessSubstitution":
    case "ArithmeticCommandExpansion":
      judgeScriptOf(node, walk, folders);
      return;
    case "ArithmeticExpansion":
      if (!/^\$(?:\(\(|\[)[\d\s+\-*/%()<>=!&|^~?:,]*[)\]]+$/.test(node.text))
        // A variable's text is evaluated again here, and may run commands: x='a[$(rm y)]'.
        walk.findings.note("unknown", "an arithmetic expansion uses more than numbers");
      break;
    case "AnsiCQuoted":
    case "LocaleString":
      if (walk.isPlainShell) walk.findings.note("unknown", "a plain `sh` reads these quotes differently");
      break;
    case "ParameterExpansion":
      judgeParameter(node, walk);
      break;
    case "ExtendedGlob":
      // In zsh the same form is a qualifier, which may run code.
      walk.findings.note("unknown", "an extended pattern is read differently from shell to shell");
      break;
    default:
  }
  forEachChild(node, (child) => judgeExpansions(child, walk, folders));
}

/** The same for several words. */
export function judgeExpansionsOf(words: readonly (Word | undefined)[], walk: Walk, folders: Folders): void {
  for (const word of words) if (word !== undefined) judgeExpansions(word, walk, folders);
}

function judgeScriptOf(node: Extract<SyntaxNode, { script: unknown }>, walk: Walk, folders: Folders): void {
  if (walk.isPlainShell && node.type === "ProcessSubstitution")
    walk.findings.note("unknown", "process substitution is not known to every shell");
  if (node.script === undefined) walk.findings.note("unknown", "a substitution cannot be read");
  else walk.script(node.script, walk, folders);
}

function judgeParameter(part: ParameterExpansionPart, walk: Walk): void {
  const fault = faultOf(part);
  if (fault !== null) walk.findings.note("unknown", fault);
}

function faultOf({ prefix, index, operation, parameter }: ParameterExpansionPart): string | null {
  if (prefix === "!") return "an indirect expansion";
  if (index !== undefined && !/^(?:\d+|@|\*)$/.test(index.text)) return "an index that is evaluated";
  if (!/^(?:\w+|[@*#?$!-])$/.test(parameter)) return "an expansion that is not known";
  switch (operation?.type) {
    case undefined:
    case "Remove":
    case "Replace":
    case "CaseModification":
      return null;
    case "Default":
      return operation.operator.endsWith("=") && !isOwnVariable(parameter) ? `\`${parameter}\` may be set` : null;
    case "Slice":
      return /^\s*-?\d+$/.test(operation.offset.text) && /^\s*-?\d+$/.test(operation.length?.text ?? "0")
        ? null
        : "a slice that is evaluated";
    default:
      return "an expansion that is not known";
  }
}
