import type { Effect } from "@countersign/core";
import type { Redirect, Redirection } from "unbash";
import { judgeExpansions } from "./expansions.ts";
import { type Folders, fileResource, pathsOf } from "./files.ts";
import { type ShellWord, shellWord } from "./shell-word.ts";
import { isOwnVariable } from "./variables.ts";
import { steeringAmong } from "./verdict.ts";
import type { Walk } from "./walk.ts";

/** Judges redirections: what they open and how. `>` empties a file that may exist, so it is destructive. */
export function judgeRedirections(redirections: readonly Redirection[], walk: Walk, folders: Folders): void {
  for (const redirection of redirections) {
    judgeExpansions(redirection, walk, folders);
    const { descriptor } = redirection;
    if (descriptor?.type === "FileDescriptorVariable" && (walk.isPlainShell || !isOwnVariable(descriptor.name)))
      walk.findings.note("unknown", `\`${descriptor.name}\` is set by a redirection`);
    if (redirection.type === "Redirect") judgeRedirect(redirection, walk, folders);
    if (redirection.type === "HereDoc" && (redirection.delimiter === undefined || redirection.closing === undefined))
      walk.findings.note("unknown", "a here-document has no end");
  }
}

function judgeRedirect(redirect: Redirect, walk: Walk, folders: Folders): void {
  const { operator, target } = redirect;
  if (target === undefined || target.text.startsWith("!") || target.text.startsWith("|")) {
    walk.findings.note("unknown", "a redirection that shells read differently");
    return;
  }
  const word = shellWord(target, walk.home);
  const isDescriptor = (operator === ">&" || operator === "<&") && /^(?:\d{1,3}-?|-)$/.test(target.text);
  if (isDescriptor) return;
  const effect = effectOf(operator);
  if (effect === null) walk.findings.note("unknown", `only the shell knows what \`${operator}${word.shown}\` opens`);
  else judgeTarget(word, effect, { walk, folders });
}

function effectOf(operator: Redirect["operator"]): Effect | null {
  switch (operator) {
    case "<":
      return "read";
    case ">>":
    case "&>>":
      return "write";
    // `<>` overwrites from the start on.
    case "<>":
    case ">":
    case ">|":
    case "&>":
    case ">&":
      return "destructive";
    case "<&":
      return null;
    default:
      operator satisfies never;
      return null;
  }
}

/** The shell itself connects when these are opened. */
const CONNECTS = /^\/dev\/(?:tcp|udp)\//;

function judgeTarget(word: ShellWord, effect: Effect, at: { readonly walk: Walk; readonly folders: Folders }): void {
  const { findings, home } = at.walk;
  const paths = pathsOf(word, at.folders);
  if (!paths.ok) {
    findings.note("unknown", paths.reason);
    return;
  }
  for (const path of paths.names) {
    if (path === "/dev/null" || path === "/dev/tty") continue;
    if (CONNECTS.test(path)) findings.note("external", `connects to \`${path}\``);
    // Opened anew, they are the file behind the stream, which is emptied.
    else if (path === "/dev/stdout" || path === "/dev/stderr") findings.note(effect, `writes to \`${path}\``);
    else if (effect !== "read" && steeringAmong([path], word, home) !== null)
      findings.note("unknown", `\`${path}\` may steer what later commands do`);
    else findings.resource(fileResource(path, effect));
  }
}
