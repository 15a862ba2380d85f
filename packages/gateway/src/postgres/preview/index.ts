export type { OwnSession, Statement } from "./connection.ts";
export { openSession } from "./connection.ts";
export type { HeldStatement } from "./previews.ts";
export { Previews } from "./previews.ts";
export type { ApprovedEnd, Ran } from "./run-approved.ts";
export { runApproved } from "./run-approved.ts";
export type { Rows, Texts } from "./texts.ts";
export type { StatementSession } from "./transaction.ts";
export { sessionSettings } from "./transaction.ts";
