import { graver } from "@countersign/core";
import type { Findings } from "./findings.ts";
import type { ReadStatement } from "./read-text.ts";
import { type Tree, tagged, word } from "./tree.ts";
import type { CopyFacts, StatementFacts, TransactionControl } from "./verdict.ts";

const CHANGING: ReadonlySet<string> = new Set(["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

/** What one statement is, from its tree, with what was found that it does. */
export function factsOf(statement: ReadStatement, found: Findings): StatementFacts {
  const [kind, content] = tagged(statement.tree);
  const notPreviewable = whyNot(kind, found);
  return {
    kind,
    text: statement.text,
    effect: found.effectList().reduce(graver),
    relations: found.relations(),
    unqualified: found.unqualified,
    transaction: transactionOf(kind, content),
    copy: kind === "CopyStmt" ? copyOf(content, found) : null,
    prepares: kind === "PrepareStmt" ? { name: word(content["name"]), text: statement.text } : null,
    executes: kind === "ExecuteStmt" ? word(content["name"]) : null,
    deallocates: kind === "DeallocateStmt" ? { name: content["isall"] === true ? null : word(content["name"]) } : null,
    declares: kind === "DeclareCursorStmt" ? cursorOf(statement, content) : null,
    fetches: kind === "FetchStmt" ? word(content["portalname"]) : null,
    closes: kind === "ClosePortalStmt" ? { name: nameOrNull(content["portalname"]) } : null,
    channel: channelOf(kind, content),
    settings: found.settings,
    changesCatalogue: found.changesCatalogue || found.unknown !== null,
    previewable: notPreviewable === null,
    notPreviewable,
  };
}

function whyNot(kind: string, { refused, unknown, lasting, changesCatalogue }: Findings): string | null {
  if (!CHANGING.has(kind)) return "only INSERT, UPDATE, DELETE and MERGE are tried";
  if (refused ?? unknown) return refused ?? unknown;
  if (changesCatalogue) return "it changes the catalogue";
  return lasting === null ? null : `${lasting} would last`;
}

const TRANSACTIONS: Readonly<Record<string, TransactionControl>> = {
  TRANS_STMT_BEGIN: "begin",
  TRANS_STMT_START: "begin",
  TRANS_STMT_COMMIT: "commit",
  TRANS_STMT_ROLLBACK: "rollback",
  TRANS_STMT_SAVEPOINT: "savepoint",
  TRANS_STMT_RELEASE: "release",
  TRANS_STMT_ROLLBACK_TO: "rollback to",
  TRANS_STMT_PREPARE: "prepare",
  TRANS_STMT_COMMIT_PREPARED: "commit prepared",
  TRANS_STMT_ROLLBACK_PREPARED: "rollback prepared",
};

function transactionOf(kind: string, content: Tree): TransactionControl | null {
  if (kind === "TransactionStmt") return TRANSACTIONS[word(content["kind"])] ?? null;
  return kind === "VariableSetStmt" && word(content["kind"]) === "VAR_SET_MULTI" ? "set" : null;
}

function copyOf(content: Tree, found: Findings): CopyFacts {
  const place = content["is_program"] === true ? "program" : content["filename"] === undefined ? "client" : "file";
  const direct = content["relation"] === undefined ? undefined : found.relations().find((use) => use.direct);
  return { direction: content["is_from"] === true ? "in" : "out", place, relation: direct?.relation ?? null };
}

/** `CURSOR_OPT_HOLD` of PostgreSQL's parsenodes.h. */
const HOLD = 0x20;

function cursorOf({ text }: ReadStatement, content: Tree): { name: string; text: string; hold: boolean } {
  const options = typeof content["options"] === "number" ? content["options"] : 0;
  return { name: word(content["portalname"]), text, hold: (options & HOLD) !== 0 };
}

function channelOf(kind: string, content: Tree): StatementFacts["channel"] {
  const name = nameOrNull(content["conditionname"]);
  if (kind === "ListenStmt") return { kind: "listen", name };
  if (kind === "UnlistenStmt") return { kind: "unlisten", name };
  return kind === "NotifyStmt" ? { kind: "notify", name } : null;
}

function nameOrNull(value: Tree[string]): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
