import type { Preview } from "@countersign/core";
import { sameEffect } from "@countersign/core";
import type { Note } from "@countersign/enforce";
import type { OwnSession } from "./connection.ts";
import { type Filled, measure, previewFrom } from "./measure.ts";
import { type Counts, between, countsOf } from "./relations.ts";
import { type Texts, sqlStateOf } from "./texts.ts";
import { type StatementSession, beginInside, beginOutside } from "./transaction.ts";
import { type TransactionEnd, transactionEnd } from "./transaction-end.ts";

/** What the server made of the statement itself. Its rows are withheld until the transaction has committed. */
export interface Ran<T> {
  readonly ok: boolean;
  readonly value: T;
}

export interface ApprovedRun<T> {
  /** The session's own connection, idle and outside of a block. */
  readonly inside: Texts;
  /** Opens another session as the same role. */
  readonly open: () => Promise<OwnSession>;
  readonly session: StatementSession;
  /** Runs the statement as it was held, on the session's connection. */
  readonly run: () => Promise<Ran<T>>;
  /** What the human signed; null: nobody was asked, and only the ceiling counts. */
  readonly signed: Preview | null;
  /** Why so many rows may not be changed, cascades and triggers included; null: they may. */
  readonly ceiling: (rows: number) => string | null;
  /** Finds out anew what it would do, once it turned out not to be what was signed. */
  readonly anew: () => Promise<Preview>;
  readonly note: Note;
  /** Asked in the tick in which COMMIT is sent (INV-3). */
  readonly permitted: () => boolean;
}

export type ApprovedEnd<T> =
  | { readonly end: "committed"; readonly value: T }
  /** The statement failed by itself, or a check at its end: nothing was done. */
  | { readonly end: "failed"; readonly value: T | null; readonly error: unknown }
  /** It would have done something else than was signed: rolled back. */
  | { readonly end: "changed"; readonly preview: Preview }
  /** It would have changed more rows than it may: rolled back. */
  | { readonly end: "exceeded"; readonly reason: string }
  /** A stop came, or its outcome could not have been found out: rolled back. */
  | { readonly end: "stopped" }
  | { readonly end: "unknown"; readonly transaction: string };

/** How long a lost answer of COMMIT is asked after, in ms. */
const ASKED_FOR_MS = 3000;

/**
 * Runs an approved statement in a transaction of its own, and commits only when it did exactly what was signed: per relation the operation, the
 * count, the keys, the old rows, and the new ones but for what is filled at commit. The id of the transaction is on record before COMMIT is sent,
 * so that a lost answer can be found out. Never rejects.
 */
export async function runApproved<T>(approved: ApprovedRun<T>): Promise<ApprovedEnd<T>> {
  let outside: OwnSession | null = null;
  try {
    outside = approved.signed?.kind === "measured" ? await approved.open() : null;
    return await within(approved, outside);
  } catch (error) {
    // Without an answer to ROLLBACK the server does it by itself once the connection is gone, and COMMIT was not sent.
    return { end: "failed", value: null, error };
  } finally {
    outside?.close();
  }
}

async function within<T>(approved: ApprovedRun<T>, outside: OwnSession | null): Promise<ApprovedEnd<T>> {
  const { inside, session, run, signed } = approved;
  const snapshot = outside === null ? null : await beginOutside(outside, session);
  try {
    const { transaction, xid } = await beginInside(inside, snapshot);
    const before = await countsOf(inside);
    const ran = await run();
    if (!ran.ok) return await rolledBack(inside, { end: "failed", value: ran.value, error: null });
    const exceeded = await exceededBy(approved, before);
    if (exceeded !== null) return await rolledBack(inside, { end: "exceeded", reason: exceeded });
    if (signed?.kind === "measured" && outside !== null) {
      const { filled, skip } = signedParts(signed);
      const now = previewFrom(await measure({ inside, outside, xid }, before, skip), filled);
      if (!sameEffect(signed, now)) {
        await inside.text("ROLLBACK");
        return { end: "changed", preview: await anewOr(approved, now) };
      }
    }
    return await commit(approved, transaction, ran.value);
  } catch (error) {
    return await rolledBack<T>(inside, { end: "failed", value: null, error });
  }
}

async function exceededBy<T>(
  { inside, ceiling }: ApprovedRun<T>,
  before: ReadonlyMap<string, Counts>,
): Promise<string | null> {
  const written = between(before, await countsOf(inside));
  let rows = 0;
  for (const { inserted, updated, deleted } of written.values()) rows += inserted + updated + deleted;
  return ceiling(rows);
}

async function anewOr<T>({ anew }: ApprovedRun<T>, now: Preview): Promise<Preview> {
  const preview = await anew();
  return preview.kind === "unknown" ? now : preview;
}

/** What of the signed effect is taken over into its comparison: columns that are left out, relations whose rows were never looked at. */
function signedParts({ relations }: Extract<Preview, { relations: unknown }>): {
  readonly filled: Filled;
  readonly skip: ReadonlyMap<string, string>;
} {
  const filled = new Map<string, Set<string>>();
  for (const { relation, filledAtCommit } of relations)
    filled.set(relation, new Set([...(filled.get(relation) ?? []), ...filledAtCommit]));
  const unlooked = relations.filter(({ unseen, columns }) => unseen !== null && columns.length === 0);
  return { filled, skip: new Map(unlooked.map(({ relation, unseen }) => [relation, unseen ?? ""])) };
}

async function rolledBack<T>(inside: Texts, end: ApprovedEnd<T>): Promise<ApprovedEnd<T>> {
  try {
    await inside.text("ROLLBACK");
  } catch {
    // The connection is gone, and with it the transaction.
  }
  return end;
}

async function commit<T>(
  { inside, open, note, permitted }: ApprovedRun<T>,
  transaction: string,
  value: T,
): Promise<ApprovedEnd<T>> {
  if (!(await note({ transaction }))) return await rolledBack(inside, { end: "stopped" });
  // INV-3: nothing is committed after a stop; asked in the tick of the write.
  if (!permitted()) return await rolledBack(inside, { end: "stopped" });
  try {
    const { tag } = await inside.text("COMMIT");
    return tag === "COMMIT" ? { end: "committed", value } : { end: "failed", value: null, error: null };
  } catch (error) {
    if (sqlStateOf(error) !== null && !isLost(error)) return { end: "failed", value: null, error };
    const end: TransactionEnd = await transactionEnd(open, transaction, ASKED_FOR_MS);
    if (end === "committed") return { end: "committed", value };
    return end === "rolled back" ? { end: "failed", value: null, error } : { end: "unknown", transaction };
  }
}

/** A server that ends a session says so with a code of its own, and may have committed before. */
function isLost(error: unknown): boolean {
  return /^(57P|08)/.test(sqlStateOf(error) ?? "");
}
