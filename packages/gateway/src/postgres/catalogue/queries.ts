/**
 * What is read of a catalogue, by name; all of it in one snapshot and with an empty search path, so that definitions are printed with qualified
 * names. `$1` is the first OID that is wanted: 16384 once the objects that PostgreSQL comes with are known. PostgreSQL 15 to 18.
 */
export const QUERIES = {
  schemas: `SELECT oid::int8::text AS oid, nspname AS name FROM pg_catalog.pg_namespace`,

  relations: `SELECT c.oid::int8::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relrowsecurity AS row_security,
      CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
      CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_expr(p.partexprs, c.oid) END AS partition_expressions,
      c.relam >= 16384 AS foreign_method
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I', 'c') AND c.oid >= $1::oid AND n.nspname !~ '^pg_toast'`,

  columns: `SELECT a.attrelid::int8::text AS relation, a.attname AS name, a.atttypid::int8::text AS type, a.attgenerated AS generated,
      a.attidentity AS identity, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default,
      (SELECT s.objid::int8::text FROM pg_catalog.pg_depend s JOIN pg_catalog.pg_class q ON q.oid = s.objid AND q.relkind = 'S'
        WHERE s.classid = 'pg_catalog.pg_class'::regclass AND s.refclassid = 'pg_catalog.pg_class'::regclass
          AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum AND s.deptype IN ('a', 'i') LIMIT 1) AS sequence
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid >= $1::oid AND a.attrelid >= 16384::oid ORDER BY a.attrelid, a.attnum`,

  inherits: `SELECT inhrelid::int8::text AS child, inhparent::int8::text AS parent FROM pg_catalog.pg_inherits`,

  indexes: `SELECT i.indexrelid::int8::text AS index, i.indrelid::int8::text AS relation, pg_catalog.pg_get_expr(i.indexprs, i.indrelid) AS expressions,
      pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
      ARRAY(SELECT DISTINCT p.amproc::oid::int8::text FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_amproc p ON p.amprocfamily = o.opcfamily
        WHERE o.oid = ANY (i.indclass::oid[]) AND p.amproc::oid >= 16384::oid) AS functions
    FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384::oid`,

  statistics: `SELECT stxrelid::int8::text AS relation, pg_catalog.pg_get_expr(stxexprs, stxrelid) AS expressions
    FROM pg_catalog.pg_statistic_ext WHERE stxexprs IS NOT NULL`,

  constraints: `SELECT c.conrelid::int8::text AS relation, c.contypid::int8::text AS type, c.contype AS kind, c.confrelid::int8::text AS other,
      c.confdeltype AS on_delete, c.confupdtype AS on_update,
      CASE WHEN c.contype = 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid) END AS condition,
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) AS columns,
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey)) AS other_columns,
      ARRAY(SELECT o.oprcode::oid::int8::text FROM pg_catalog.pg_operator o
        WHERE o.oid = ANY (c.conexclop || c.conpfeqop || c.conppeqop || c.conffeqop) AND o.oprcode::oid >= 16384::oid) AS functions
    FROM pg_catalog.pg_constraint c WHERE c.contype IN ('c', 'f', 'x') AND c.oid >= 16384::oid`,

  triggers: `SELECT t.tgrelid::int8::text AS relation, t.tgfoid::int8::text AS function, t.tgtype AS type,
      CASE WHEN t.tgqual IS NOT NULL THEN pg_catalog.pg_get_triggerdef(t.oid) END AS definition
    FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'`,

  rules: `SELECT ev_class::int8::text AS relation, ev_type AS event, is_instead AS instead, pg_catalog.pg_get_ruledef(oid) AS definition
    FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN' AND ev_enabled <> 'D'`,

  policies: `SELECT polrelid::int8::text AS relation, polcmd AS command, pg_catalog.pg_get_expr(polqual, polrelid) AS using,
      pg_catalog.pg_get_expr(polwithcheck, polrelid) AS check FROM pg_catalog.pg_policy`,

  functions: `SELECT p.oid::int8::text AS oid, n.nspname AS schema, p.proname AS name, p.prokind AS kind, l.lanname AS language, p.provolatile AS volatility,
      p.proargtypes::text AS arguments, p.pronargdefaults AS defaults,
      pg_catalog.pg_get_expr(p.proargdefaults, 0::oid) AS default_arguments, p.provariadic <> 0::oid AS variadic, p.prorettype::int8::text AS returns,
      p.proconfig AS settings, p.prosrc AS source,
      CASE WHEN l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p', 'w') THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition,
      CASE WHEN p.prokind = 'a' AND p.oid >= 16384::oid THEN (SELECT ARRAY[a.aggtransfn::oid::int8::text, a.aggfinalfn::oid::int8::text, a.aggcombinefn::oid::int8::text,
        a.aggserialfn::oid::int8::text, a.aggdeserialfn::oid::int8::text, a.aggmtransfn::oid::int8::text, a.aggminvtransfn::oid::int8::text, a.aggmfinalfn::oid::int8::text]
        FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid) END AS parts,
      (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
          AND d.refclassid = 'pg_catalog.pg_extension'::regclass LIMIT 1) AS extension
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.oid >= $1::oid`,

  operators: `SELECT n.nspname AS schema, o.oprname AS name, o.oprleft::int8::text AS left, o.oprright::int8::text AS right, o.oprresult::int8::text AS result,
      ARRAY[o.oprcode::oid::int8::text, o.oprrest::oid::int8::text, o.oprjoin::oid::int8::text, m.oprcode::oid::int8::text, g.oprcode::oid::int8::text] AS functions
    FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
      LEFT JOIN pg_catalog.pg_operator m ON m.oid = o.oprcom LEFT JOIN pg_catalog.pg_operator g ON g.oid = o.oprnegate
    WHERE o.oid >= 16384::oid`,

  casts: `SELECT castsource::int8::text AS source, casttarget::int8::text AS target, castfunc::int8::text AS function, castcontext AS context
    FROM pg_catalog.pg_cast WHERE oid >= 16384::oid AND castfunc <> 0::oid`,

  types: `SELECT t.oid::int8::text AS oid, n.nspname AS schema, t.typname AS name, t.typtype AS kind, t.typrelid::int8::text AS relation,
      CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE COALESCE(NULLIF(t.typelem, 0::oid), r.rngsubtype, 0::oid) END::int8::text AS base,
      CASE WHEN t.oid >= 16384::oid THEN ARRAY(SELECT f::int8::text FROM unnest(ARRAY[t.typinput::oid, t.typoutput::oid, t.typreceive::oid, t.typsend::oid,
        t.typmodin::oid, t.typmodout::oid, t.typsubscript::oid, r.rngcanonical::oid, r.rngsubdiff::oid]) AS f WHERE f >= 16384::oid
        UNION SELECT p.amproc::oid::int8::text FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_amproc p ON p.amprocfamily = o.opcfamily
          WHERE o.opcintype = t.oid AND o.opcdefault AND p.amproc::oid >= 16384::oid) END AS functions
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
    WHERE t.oid >= $1::oid`,

  eventTriggers: `SELECT evtfoid::int8::text AS function FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' AND evtevent <> 'login'`,

  dependencies: `SELECT d.classid::regclass::text AS class, d.objid::int8::text AS object, d.refclassid::regclass::text AS other_class, d.refobjid::int8::text AS other,
      COALESCE(w.ev_class, a.adrelid, c.conrelid, t.tgrelid, p.polrelid, y.typrelid)::int8::text AS owner
    FROM pg_catalog.pg_depend d
      LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
      LEFT JOIN pg_catalog.pg_attrdef a ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND a.oid = d.objid
      LEFT JOIN pg_catalog.pg_constraint c ON d.classid = 'pg_catalog.pg_constraint'::regclass AND c.oid = d.objid
      LEFT JOIN pg_catalog.pg_trigger t ON d.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = d.objid
      LEFT JOIN pg_catalog.pg_policy p ON d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid
      LEFT JOIN pg_catalog.pg_type y ON d.classid = 'pg_catalog.pg_type'::regclass AND y.oid = d.objid
    WHERE d.objid >= 16384::oid AND (d.refobjid >= 16384::oid OR d.refclassid = 'pg_catalog.pg_namespace'::regclass) AND d.deptype IN ('n', 'a', 'i', 'P', 'S')`,
} as const;

/** What a snapshot has to be read under. */
export const BEGIN = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = ''";
export const COMMIT = "COMMIT";

const WATCHED: readonly string[] = (
  "pg_namespace pg_class pg_attribute pg_attrdef pg_inherits pg_index pg_statistic_ext pg_constraint pg_trigger pg_rewrite pg_policy pg_proc " +
  "pg_aggregate pg_operator pg_amproc pg_opclass pg_cast pg_type pg_range pg_event_trigger pg_extension pg_depend"
).split(" ");

/**
 * One value that is another one as soon as a row of these catalogues was made, changed or removed: a sum over who wrote each row and where it
 * lies. Rows that are older than any snapshot of use (frozen when the database was made) count by their place.
 */
export const WATERMARK: string = `SELECT pg_catalog.md5(pg_catalog.string_agg(mark, ' ')) AS mark FROM (${WATCHED.map(
  (table) =>
    `SELECT '${table} ' || pg_catalog.count(*) || ' ' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(xmin::text || ctid::text, 0)), 0) AS mark FROM pg_catalog.${table}`,
).join(" UNION ALL ")}) AS marks`;
