export { loadModule as loadParser } from "libpg-query";
export { CachedJudge } from "./cached-judge.ts";
export type { Catalogue } from "./catalogue.ts";
export { judge } from "./judge.ts";
export type {
  CopyFacts,
  NamedText,
  Operation,
  RelationUse,
  Session,
  SettingChange,
  StatementFacts,
  TextFault,
  TransactionControl,
  Verdict,
} from "./verdict.ts";
