export { loadModule as loadParser } from "libpg-query";
export { CachedJudge } from "./cached-judge.ts";
export type { Session, StatementFacts, TextFault, Verdict } from "./verdict.ts";
