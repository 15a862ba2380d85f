export type { JudgedCommand, JudgedResource, ShellJudgement, ShellPlace } from "./judgement.ts";
export { judgeShell } from "./judge-shell.ts";
