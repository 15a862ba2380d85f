import { type Preview, sameEffect } from "@countersign/core";
import type { OwnSession, Statement } from "./connection.ts";
import { type Written, filledOf } from "./effects.ts";
import { measure, previewFrom } from "./measure.ts";
import { countsOf } from "./relations.ts";
import { sqlStateOf } from "./texts.ts";
import { type StatementSession, beginInside, beginOutside, setLocal } from "./transaction.ts";

/** A statement that may be run on trial: the judge knows all that it does, and that all of it can be rolled back. */
export interface Trial {
  readonly statement: Statement;
  readonly session: StatementSession;
  /** Opens a session as the role of the task, so that its rights and its row security are the statement's own. */
  readonly open: () => Promise<OwnSession>;
  readonly signal: AbortSignal;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

const LOCK_MS = 200;
const STATEMENT_MS = 2000;
const LOOK_MS = 500;
/** A statement that took longer is not run a second time. */
const TWICE_MS = 1500;

const WHY: Readonly<Record<string, string>> = {
  "55P03": "other transactions hold rows that it needs",
  "57014": "it takes longer than may be waited for",
  "40001": "another transaction changes the same rows now",
  "40P01": "it waits for another transaction that waits for it",
};

/**
 * What a statement would do: it is run twice on the same state, in transactions that are rolled back; where the two do not agree on a value, that
 * value is known only at the commit. Never rejects; whatever goes wrong is an unknown effect. Sequences that it advances stay advanced.
 */
export async function previewStatement(trial: Trial): Promise<Preview> {
  const opened: OwnSession[] = [];
  const close = (): void => {
    for (const session of opened) session.close();
  };
  trial.signal.addEventListener("abort", close, { once: true });
  try {
    for (const session of await Promise.all([trial.open(), trial.open()])) opened.push(session);
    const [outside, inside] = opened;
    if (trial.signal.aborted || outside === undefined || inside === undefined)
      return unknown("there was no time for it");
    return await twice(trial, { outside, inside });
  } catch (error) {
    return unknown(whyOf(error));
  } finally {
    trial.signal.removeEventListener("abort", close);
    close();
  }
}

interface Both {
  readonly outside: OwnSession;
  readonly inside: OwnSession;
}

async function twice(trial: Trial, both: Both): Promise<Preview> {
  const { rows } = await both.outside.text("SELECT pg_catalog.current_setting('track_counts')");
  if (rows[0]?.[0] !== "on") return unknown("the server does not count what is written");
  const snapshot = await beginOutside(both.outside, trial.session);
  await setLocal(both.outside, { statement_timeout: String(LOOK_MS) });
  const began = trial.now();
  const one = await once(trial, both, snapshot);
  if (trial.now() - began > TWICE_MS) return unknown("it takes longer than may be waited for");
  const other = await once(trial, both, snapshot);
  const filled = new Map(
    one.map((written) => {
      const again = other.find(({ relation }) => relation.oid === written.relation.oid);
      return [written.relation.name, again === undefined ? new Set<string>() : filledOf(written, again)] as const;
    }),
  );
  const preview = previewFrom(one, filled);
  return sameEffect(preview, previewFrom(other, filled)) ? preview : unknown("it does something else each time");
}

async function once(
  { session, statement }: Trial,
  { outside, inside }: Both,
  snapshot: string,
): Promise<readonly Written[]> {
  try {
    const { xid } = await beginInside(inside, snapshot);
    const search = session.searchPath.map((name) => `"${name.replaceAll('"', '""')}"`).join(", ");
    const timeouts = { lock_timeout: String(LOCK_MS), statement_timeout: String(STATEMENT_MS) };
    await setLocal(inside, { ...session.settings, search_path: search, ...timeouts });
    const before = await countsOf(inside);
    await inside.statement(statement);
    await setLocal(inside, { statement_timeout: String(LOOK_MS) });
    return await measure({ inside, outside, xid }, before);
  } finally {
    await inside.text("ROLLBACK");
  }
}

function unknown(reason: string): Preview {
  return { kind: "unknown", reason };
}

/** For the human alone: the server's own words may quote rows. */
function whyOf(error: unknown): string {
  const state = sqlStateOf(error);
  if (state === null) return "the database was not reached in time";
  const { message = "" } = error as { message?: string };
  return WHY[state] ?? `it would fail: ${message.slice(0, 200)} (${state})`;
}
