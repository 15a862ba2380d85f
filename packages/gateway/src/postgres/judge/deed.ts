/** What is done with a relation. */
export interface Deed {
  readonly operation: "select" | "lock" | "insert" | "update" | "delete" | "truncate";
  /** Written out in the statement. */
  readonly direct: boolean;
  /** Without its children. */
  readonly only?: boolean;
  readonly unqualified?: boolean;
  /** INSERT: columns that get a value of the statement; UPDATE: columns that are set. Null: it can't be said, so all. */
  readonly columns: ReadonlySet<string> | null;
  /** UPDATE: columns that are set to their default. INSERT uses the default of each column that is not among `columns`. */
  readonly defaulted?: ReadonlySet<string>;
  /** Rules do not see what a foreign key or COPY does. */
  readonly withoutRules?: boolean;
}
