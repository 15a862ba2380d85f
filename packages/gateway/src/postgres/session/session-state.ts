import type { Session as Judged, StatementFacts, Verdict } from "../judge/index.ts";
import type { TransactionStatus } from "../wire/index.ts";

/** What was prepared under a name: by a Parse, or by a PREPARE of SQL; the server keeps both in one place. */
export interface Prepared {
  readonly sql: string;
  readonly types: readonly number[];
}

/** What of a session a statement rests on: names, settings, and what an open transaction has changed. */
export class SessionState {
  readonly statements: Map<string, Prepared> = new Map();
  /** Whether path and temporary schema have to be asked for again. */
  isStale = true;
  isStandardStrings = true;
  #searchPath: readonly string[] = [];
  #tempSchema: string | null = null;
  readonly #cursors = new Map<string, { readonly text: string; readonly hold: boolean }>();
  #hasMovedInBlock = false;
  #uncommittedCatalogue = false;

  get searchPath(): readonly string[] {
    return this.#searchPath;
  }

  learned(searchPath: readonly string[], tempSchema: string | null): void {
    this.#searchPath = searchPath;
    this.#tempSchema = tempSchema;
    this.isStale = false;
  }

  /** For the judge. What is stale and cannot be asked now makes everything unknown. */
  judged(isInBlock: boolean, types: readonly number[] = []): Judged {
    return {
      searchPath: this.#searchPath,
      tempSchema: this.#tempSchema,
      inTransaction: isInBlock,
      uncommittedCatalogue: this.#uncommittedCatalogue || this.isStale,
      standardConformingStrings: this.isStandardStrings,
      parameterTypes: types,
      prepared: (name) => this.statements.get(name)?.sql,
      cursor: (name) => this.#cursors.get(name)?.text,
    };
  }

  /** A text is about to run: names that it gives away mean nothing until it is known to have gone well. */
  before({ statements }: Verdict): void {
    for (const { prepares, declares } of statements) {
      if (prepares !== null) this.statements.delete(prepares.name);
      if (declares !== null) this.#cursors.delete(declares.name);
    }
  }

  /** A text has run, to its end or to an error. */
  after({ verdict, statements }: Verdict, isOk: boolean): void {
    if (verdict === "unknown") this.#moved(true);
    // What is not known may have given any name another meaning.
    if (verdict === "unknown") this.statements.clear();
    for (const facts of statements) this.#apply(facts, isOk);
  }

  /** The server is ready again. */
  ready(status: TransactionStatus): void {
    if (status !== "I") return;
    this.#uncommittedCatalogue = false;
    if (this.#hasMovedInBlock) this.isStale = true;
    this.#hasMovedInBlock = false;
    for (const [name, { hold }] of this.#cursors) if (!hold) this.#cursors.delete(name);
  }

  #apply(facts: StatementFacts, isOk: boolean): void {
    const { prepares, declares, deallocates, closes, settings, changesCatalogue, transaction } = facts;
    if (changesCatalogue || settings.length > 0) this.#moved(changesCatalogue);
    if (transaction === "rollback" || transaction === "rollback to") this.isStale ||= this.#hasMovedInBlock;
    if (deallocates !== null) forget(this.statements, deallocates.name);
    if (closes !== null) forget(this.#cursors, closes.name);
    if (!isOk) return;
    if (prepares !== null) this.statements.set(prepares.name, { sql: prepares.text, types: [] });
    if (declares !== null) this.#cursors.set(declares.name, declares);
  }

  #moved(isCatalogue: boolean): void {
    this.isStale = true;
    this.#hasMovedInBlock = true;
    if (isCatalogue) this.#uncommittedCatalogue = true;
  }
}

function forget(names: Map<string, unknown>, name: string | null): void {
  if (name === null) names.clear();
  else names.delete(name);
}
