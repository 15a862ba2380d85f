import { type ParsedScript, parse } from "unbash";
import type { Folders } from "./files.ts";
import { Findings, MAX_DEPTH } from "./findings.ts";
import type { ShellJudgement, ShellPlace } from "./judgement.ts";
import { judgeStatements } from "./statements.ts";
import type { Walk } from "./walk.ts";

const MAX_BYTES = 64 * 1024;
/** Control characters, which shells and terminals treat each in its own way, and characters that hide or turn text around. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;

/**
 * What a command line of bash or zsh would do, judged without running it: the effect of every command that it runs or may run, and the places
 * that it touches. Never less than the truth: what the parser, the walk or the tables do not know for certain is `unknown`, which is held.
 * Pure: files are not looked at, so links are not followed, and `>` is taken to meet a file that exists.
 *
 * Bounds: 64 KiB of text, 10,000 parts, 50 levels; what is larger is `unknown`. Never throws.
 */
export function judgeShell(text: string, at: ShellPlace): ShellJudgement {
  const findings = new Findings();
  const fault = faultOf(text, at);
  if (fault !== null) {
    findings.note("unknown", fault);
    return findings.judgement();
  }
  const walk: Walk = { home: at.home, isPlainShell: false, depth: 0, findings, script: judgeScript, text: judgeText };
  try {
    judgeText(text, walk, [at.cwd]);
  } catch {
    // INV-2: the parser is not ours; whatever it throws is a line that cannot be read.
    findings.note("unknown", "the line cannot be read");
  }
  return findings.judgement();
}

function faultOf(text: string, { cwd, home }: ShellPlace): string | null {
  if (!cwd.startsWith("/") || !home.startsWith("/")) return "where the line runs is not known";
  if (Buffer.byteLength(text) > MAX_BYTES) return "the line is too long";
  if (HIDDEN.test(text) || !text.isWellFormed()) return "the line has hidden or broken characters";
  return null;
}

function judgeText(text: string, walk: Walk, folders: Folders): void {
  if (walk.depth > MAX_DEPTH) walk.findings.note("unknown", "the line is nested too deep");
  else judgeScript(parse(text), walk, folders);
}

function judgeScript(script: ParsedScript, outer: Walk, folders: Folders): void {
  const walk = { ...outer, depth: outer.depth + 1 };
  if (script.errors !== undefined && script.errors.length > 0) walk.findings.note("unknown", "the line cannot be read");
  if (walk.depth > MAX_DEPTH) walk.findings.note("unknown", "the line is nested too deep");
  else judgeStatements(script.commands, walk, folders);
}
