import { createHash } from "node:crypto";
import { PREVIEW_LIMITS, type Preview, type RelationEffect, canonicalJson } from "@countersign/core";
import type { OwnSession } from "./connection.ts";
import { type Texts, quoteText, sqlStateOf } from "./texts.ts";
import { type StatementSession, beginOutside, setLocal } from "./transaction.ts";

/** What the judge says that a statement does which is never run on trial. */
export interface Touched {
  /** `schema.name`, quoted where SQL needs it. */
  readonly relation: string;
  readonly operation: "truncate" | "drop" | "change";
}

export interface Counting {
  readonly touched: readonly Touched[];
  readonly session: StatementSession;
  readonly open: () => Promise<OwnSession>;
  readonly signal: AbortSignal;
}

const COUNT_MS = 1500;
const NO_ROWS = createHash("sha256").update(canonicalJson([])).digest("base64url");

/**
 * What TRUNCATE and DDL would take with them: rows counted in one snapshot, and for DROP everything that depends on what is dropped. Nothing is
 * run. Never rejects; whatever goes wrong is an unknown effect.
 */
export async function countStatement({ touched, session, open, signal }: Counting): Promise<Preview> {
  if (touched.length === 0) return { kind: "unknown", reason: "it names nothing that could be counted" };
  const opened = await open().catch(() => null);
  if (opened === null) return { kind: "unknown", reason: "the database was not reached in time" };
  const close = (): void => opened.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    if (signal.aborted) return { kind: "unknown", reason: "there was no time for it" };
    await beginOutside(opened, session);
    await setLocal(opened, { statement_timeout: String(COUNT_MS) });
    const relations: RelationEffect[] = [];
    for (const one of touched) relations.push(...(await countedOf(opened, one)));
    return relations.length > PREVIEW_LIMITS.relations
      ? { kind: "unknown", reason: `it reaches more than ${String(PREVIEW_LIMITS.relations)} objects` }
      : { kind: "counted", relations };
  } catch (error) {
    return {
      kind: "unknown",
      reason: `it could not be counted (${sqlStateOf(error) ?? "the database was not reached"})`,
    };
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function countedOf(session: Texts, { relation, operation }: Touched): Promise<readonly RelationEffect[]> {
  const { rows } = await session.text(`SELECT c.oid, c.relkind IN ('r', 'p', 'm', 'f')
 FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(${quoteText(relation)})`);
  const [oid, hasRows] = rows[0] ?? [null, null];
  if (oid === null || oid === undefined)
    return [effect(relation, operation, { count: 0, unseen: "there is no such relation yet" })];
  const own = hasRows === "t" ? await countOf(session, relation) : { count: 0, unseen: null };
  const dependents = operation === "drop" ? await dependentsOf(session, oid) : [];
  return [effect(relation, operation, own), ...dependents];
}

type Counted = Pick<RelationEffect, "count" | "unseen">;

async function countOf(session: Texts, relation: string): Promise<Counted> {
  await session.text("SAVEPOINT countersign_count");
  try {
    const { rows } = await session.text(`SELECT pg_catalog.count(*) FROM ${relation}`);
    return { count: Number(rows[0]?.[0]), unseen: null };
  } catch (error) {
    await session.text("ROLLBACK TO countersign_count");
    const why =
      sqlStateOf(error) === "42501" ? "the role of the task may not read it" : "it takes too long to count them";
    return { count: 0, unseen: `not counted: ${why}` };
  }
}

/** What falls with an object, by the dependencies of the catalogue: relations, keys of others, functions and whatever else has a name. */
async function dependentsOf(session: Texts, oid: string): Promise<readonly RelationEffect[]> {
  const { rows } = await session.text(`WITH RECURSIVE gone (classid, objid, deptype) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, ${String(Number(oid))}::pg_catalog.oid, 'n'::"char"
  UNION SELECT CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE d.classid END,
   coalesce(r.ev_class, d.objid), d.deptype
   FROM gone g JOIN pg_catalog.pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid
   LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
   WHERE d.deptype IN ('n', 'a', 'i'))
 SELECT DISTINCT pg_catalog.left(pg_catalog.pg_describe_object(g.classid, g.objid, 0), 280) FROM gone g
 LEFT JOIN pg_catalog.pg_class c ON g.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = g.objid
 WHERE g.objid <> ${String(Number(oid))} AND g.classid <> 'pg_catalog.pg_type'::pg_catalog.regclass
  AND (c.oid IS NULL OR c.relkind NOT IN ('i', 'I', 't'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgisinternal AND t.oid = g.objid AND g.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = ${String(Number(oid))} AND k.oid = g.objid
   AND g.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass) ORDER BY 1 LIMIT ${String(PREVIEW_LIMITS.relations + 1)}`);
  return rows.map(([name]) => effect(name ?? "", "drop", { count: 0, unseen: null }));
}

function effect(relation: string, operation: Touched["operation"], counted: Counted): RelationEffect {
  const none = { keyColumns: [], keys: [], digest: NO_ROWS, filledAtCommit: [], columns: [], sample: [] };
  return { relation, operation, ...counted, ...none };
}
