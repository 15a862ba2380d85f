import type { ShellJudgement, ShellPlace } from "./judgement.ts";

/** What a shell command line would do, judged without running it. First version: nothing is known, so everything is held. */
export function judgeShell(text: string, _at: ShellPlace): ShellJudgement {
  return {
    effect: "unknown",
    commands: [{ text, effect: "unknown", reason: "not judged" }],
    resources: [],
    reason: "not judged",
  };
}
