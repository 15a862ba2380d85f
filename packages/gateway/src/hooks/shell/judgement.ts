import type { Effect } from "@countersign/core";

/** One command that the line runs or may run, also inside substitutions, wrappers and `sh -c`. */
export interface JudgedCommand {
  /** Its words as the shell will hand them over, quoted where needed; what only the shell knows stands as it was written. */
  readonly text: string;
  readonly effect: Effect;
  readonly reason: string;
}

/**
 * A place that the line touches: `file:/absolute/path`, `file:/folder/**` (anything below: a pattern or a recursion) or a web address without
 * its question. A `**` name is a set of names: compare it with `contains()`, and remember that a rule about one file below it is not met.
 * Names are lexical: symbolic links are not followed here.
 */
export interface JudgedResource {
  readonly resource: string;
  readonly effect: Effect;
}

export interface ShellJudgement {
  /** The gravest effect of all parts. `unknown` when any part could not be judged. */
  readonly effect: Effect;
  readonly commands: readonly JudgedCommand[];
  readonly resources: readonly JudgedResource[];
  /** Why the effect is what it is, in one clause. */
  readonly reason: string;
}

/** Where the line runs: absolute paths. */
export interface ShellPlace {
  /** With a `/` at the end where it may be a link. */
  readonly cwd: string;
  readonly home: string;
}
