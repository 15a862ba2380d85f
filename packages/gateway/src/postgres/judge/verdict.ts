import type { Effect } from "@countersign/core";

/**
 * What a text does, judged by effect. Relations are written `schema.relation`, functions `schema.name`, each part quoted only where SQL needs
 * it, lists sorted and without repetition. A relation of the session's own temporary schema is `pg_temp.name`.
 */
export interface Verdict {
  /**
   * `known`: all that the text may do is listed here. `unknown`: it may do more; what is listed is at least done. `refused`: it never passes,
   * whoever approves (another role, the tagging settings, text that PostgreSQL's grammar does not take).
   */
  readonly verdict: "known" | "unknown" | "refused";
  /** Why it is not known, one clause; null when it is. */
  readonly reason: string | null;
  /** For a refusal of the text itself: what PostgreSQL would answer, so that the client sees the usual error. */
  readonly fault: TextFault | null;
  /** The gravest of `effects`. */
  readonly effect: Effect;
  /** From harmless to not known, in the order of `EFFECTS`; never empty, `unknown` is among them exactly when the verdict is not `known`. */
  readonly effects: readonly Effect[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly functions: readonly string[];
  /** Relations and functions that the text names and the catalogue does not have, as they were written. */
  readonly missing?: readonly string[];
  /** One for each statement of the text, in order; none for an empty text and for a text that is refused as such. */
  readonly statements: readonly StatementFacts[];
}

export interface TextFault {
  /** `42601` syntax, `54001` too deep, `54000` too large. */
  readonly sqlState: string;
  readonly message: string;
  /** Counted in characters from 1, as PostgreSQL does; null if not known. */
  readonly position: number | null;
}

/** What one statement of a text is and does. */
export interface StatementFacts {
  /** The grammar's name of it: `SelectStmt`, `UpdateStmt`, … */
  readonly kind: string;
  /** The statement alone, as it was written. */
  readonly text: string;
  readonly effect: Effect;
  /** What it does to which relation, itself or by way of a view, a rule, a trigger, a key, a function. */
  readonly relations: readonly RelationUse[];
  /** An UPDATE or DELETE, here or in what it sets off, whose rows no condition limits (none, or one without a column). */
  readonly unqualified: boolean;
  readonly transaction: TransactionControl | null;
  readonly copy: CopyFacts | null;
  /** PREPARE: keep name and text, and give the text to `Session.prepared`. */
  readonly prepares: NamedText | null;
  readonly executes: string | null;
  /** DEALLOCATE: a name, or `null` inside for all. */
  readonly deallocates: { readonly name: string | null } | null;
  /** DECLARE: keep name and text, and give the text to `Session.cursor`. */
  readonly declares: (NamedText & { readonly hold: boolean }) | null;
  /** FETCH and MOVE. */
  readonly fetches: string | null;
  readonly closes: { readonly name: string | null } | null;
  /** LISTEN, UNLISTEN (`null` inside for all) and NOTIFY. */
  readonly channel: { readonly kind: "listen" | "unlisten" | "notify"; readonly name: string | null } | null;
  /** What of the session's settings it changes, also by `set_config`. RESET ALL and DISCARD ALL name `*`. */
  readonly settings: readonly SettingChange[];
  /** DDL, or something that may hold DDL: the catalogue has to be asked again, and an open block is to be judged with `uncommittedCatalogue`. */
  readonly changesCatalogue: boolean;
  /** May be executed on trial and rolled back: a known INSERT, UPDATE, DELETE or MERGE, everything it sets off included. */
  readonly previewable: boolean;
  /** Why it may not; null when it may. */
  readonly notPreviewable: string | null;
}

export type Operation =
  | "select"
  | "lock"
  | "insert"
  | "update"
  | "delete"
  | "truncate"
  | "create"
  | "alter"
  | "drop"
  | "maintain"
  | "advance";

export interface RelationUse {
  readonly relation: string;
  /** `advance` is nextval or setval of a sequence, `maintain` is VACUUM and its like, `lock` is FOR UPDATE … FOR KEY SHARE and LOCK. */
  readonly operation: Operation;
  /** Named by the statement itself; else reached by way of something else. */
  readonly direct: boolean;
  readonly unqualified: boolean;
}

export type TransactionControl =
  | "begin"
  | "commit"
  | "rollback"
  | "savepoint"
  | "release"
  | "rollback to"
  | "prepare"
  | "commit prepared"
  | "rollback prepared"
  | "set";

export interface CopyFacts {
  readonly direction: "in" | "out";
  /** `client` is STDIN and STDOUT; the others are not known. */
  readonly place: "client" | "file" | "program";
  readonly relation: string | null;
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

export interface SettingChange {
  readonly name: string;
  /** The new value, list members joined by `, `; null for RESET, DEFAULT and what is not a constant. */
  readonly value: string | null;
  readonly local: boolean;
}

/** What of a session a judgement rests on. */
export interface Session {
  /** What `current_schemas(false)` says: schemas that exist and that the role may use, in order; `pg_catalog` only where it was named. */
  readonly searchPath: readonly string[];
  /** `pg_temp_3` once the session has one, null while it has none. Left out: not known, and a name that another session's temporary relation has is unknown. */
  readonly tempSchema?: string | null;
  /** The text comes within an open block: COMMIT and ROLLBACK may move the search path under what follows in the same string. */
  readonly inTransaction?: boolean;
  /** The open block has changed the catalogue, or may have (`changesCatalogue` of an earlier statement): nothing is known until it ends. */
  readonly uncommittedCatalogue?: boolean;
  /** As the server reported it; anything but true makes each text with a backslash unknown. */
  readonly standardConformingStrings?: boolean;
  /** Type OIDs that the client declared for parameters (0 for those left open). */
  readonly parameterTypes?: readonly number[];
  /** The text that was prepared under this name, by PREPARE. */
  readonly prepared?: (name: string) => string | undefined;
  /** The text of an open cursor. */
  readonly cursor?: (name: string) => string | undefined;
}
