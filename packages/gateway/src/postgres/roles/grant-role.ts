import { AppError } from "@countersign/core";
import { GRANT_COMMENT, commentOf, readComment } from "./comment.ts";
import { type Masked, giveUnmasked } from "./masked.ts";
import type { Query, Row } from "./own-session.ts";
import { quotedName, quotedText } from "./quoted.ts";
import { type Levels, RIGHTS, type Relation, type Right, rightsOf } from "./rights.ts";

/** Most relations of one database whose rights are given. */
const MOST_RELATIONS = 100_000;
/** Relations of one GRANT. */
const AT_ONCE = 200;

export interface GrantRole {
  readonly name: string;
  readonly upstream: string;
  readonly place: string;
  readonly levels: Levels;
  readonly masked: Masked;
}

/**
 * The role of a set of grants: made when there is none, and given what its grants mean of the relations that there are now. Runs in a transaction
 * of its own, alone. Answers the relations whose rights the gateway's login cannot give.
 * @throws AppError `internal.error` for a role of that name that is not what we make
 */
export async function ensureGrantRole(query: Query, role: GrantRole): Promise<readonly string[]> {
  const { upstream, place } = role;
  const [known] = await query(
    `SELECT r.oid::text AS oid, shobj_description(r.oid, 'pg_authid') AS comment,
            r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
              OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS more
       FROM pg_roles r WHERE r.rolname = $1`,
    [role.name],
  );
  // INV-2: what a task inherits is what we gave, and nothing that somebody prepared under our name.
  if (known !== undefined && (known["more"] !== false || readComment(known["comment"]) === null))
    throw new AppError("internal.error", {
      detail: `the role \`${role.name}\` of the database is not as it was made; drop it`,
    });
  if (known === undefined) {
    const name = quotedName(role.name);
    await query(
      `CREATE ROLE ${name} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
       COMMENT ON ROLE ${name} IS ${quotedText(commentOf({ kind: GRANT_COMMENT, upstream, place }))}`,
    );
  }
  const oid =
    known?.["oid"] ??
    (await query("SELECT oid::text AS oid FROM pg_roles WHERE rolname = $1", [role.name]))[0]?.["oid"];
  await reach(query, role.name, String(oid));
  return await giveRights(query, role, String(oid));
}

/** The way to the database, where not everybody has it. */
async function reach(query: Query, name: string, oid: string): Promise<void> {
  const [row] = await query(
    `SELECT has_database_privilege($1::oid, current_database(), 'CONNECT') AS may,
            has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION') AS givable, current_database() AS database`,
    [oid],
  );
  if (row?.["may"] !== true && row?.["givable"] === true)
    await query(`GRANT CONNECT ON DATABASE ${quotedName(String(row["database"]))} TO ${quotedName(name)}`);
}

interface Known extends Relation {
  /** Rights that the gateway's login can give, and those that the role has. */
  readonly givable: ReadonlySet<Right>;
  readonly given: ReadonlySet<Right>;
}

async function giveRights(
  query: Query,
  { name, upstream, levels, masked }: GrantRole,
  oid: string,
): Promise<readonly string[]> {
  const relations = await relationsOf(query, oid);
  const wanted = rightsOf(upstream, levels, relations);
  // Of a relation with masked columns no right to read the whole is given.
  const partly = relations.filter(
    (one) => masked.has(`${one.schema}.${one.name}`) && wanted.get(one.oid)?.delete("SELECT") === true,
  );
  const statements = new Map<string, string[]>();
  const missing = new Set<string>();
  for (const relation of relations) {
    const rights = wanted.get(relation.oid) ?? new Set<Right>();
    const object = `${quotedName(relation.schema)}.${quotedName(relation.name)}`;
    const kind = relation.isSequence ? "SEQUENCE" : "TABLE";
    const more = RIGHTS.filter((right) => rights.has(right) && !relation.given.has(right));
    const give = more.filter((right) => relation.givable.has(right));
    if (give.length < more.length) missing.add(`${relation.schema}.${relation.name}`);
    const excess = RIGHTS.filter((right) => relation.given.has(right) && !rights.has(right));
    const take = excess.filter((right) => relation.givable.has(right));
    if (give.length > 0) append(statements, `GRANT ${give.join(", ")} ON ${kind} % TO ${quotedName(name)}`, object);
    if (take.length > 0) append(statements, `REVOKE ${take.join(", ")} ON ${kind} % FROM ${quotedName(name)}`, object);
  }
  for (const [text, objects] of statements) {
    for (let at = 0; at < objects.length; at += AT_ONCE)
      await query(text.replace("%", () => objects.slice(at, at + AT_ONCE).join(", ")));
  }
  for (const relation of partly) {
    const columns = masked.get(`${relation.schema}.${relation.name}`) ?? new Set();
    await giveUnmasked(query, { name, oid }, { ...relation, columns });
  }
  await giveSchemas(query, name, { oid, relations: relations.filter((relation) => wanted.has(relation.oid)) });
  return [...missing];
}

/** USAGE of each schema that holds a relation with a right; of no other. */
async function giveSchemas(
  query: Query,
  name: string,
  { oid, relations }: { readonly oid: string; readonly relations: readonly Relation[] },
): Promise<void> {
  const wanted = new Set(relations.map(({ schema }) => schema));
  const rows = await query(
    `SELECT n.nspname AS name, has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION') AS givable,
            EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = $1::oid) AS given
       FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`,
    [oid],
  );
  for (const row of rows) {
    const schema = String(row["name"]);
    const given = row["given"] === true;
    if (given && !wanted.has(schema))
      await query(`REVOKE USAGE ON SCHEMA ${quotedName(schema)} FROM ${quotedName(name)}`);
    if (!given && wanted.has(schema) && row["givable"] === true)
      await query(`GRANT USAGE ON SCHEMA ${quotedName(schema)} TO ${quotedName(name)}`);
  }
}

const GIVABLE = RIGHTS.map((right) => {
  const table = right === "USAGE" ? "false" : `has_table_privilege(c.oid, '${right} WITH GRANT OPTION')`;
  const sequence =
    right === "USAGE" || right === "SELECT" ? `has_sequence_privilege(c.oid, '${right} WITH GRANT OPTION')` : "false";
  return `CASE WHEN c.relkind = 'S' THEN ${sequence} ELSE ${table} END AS "${right}"`;
}).join(", ");

async function relationsOf(query: Query, role: string): Promise<readonly Known[]> {
  const rows = await query(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind = 'S' AS sequence,
            (SELECT d.refobjid::text FROM pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' LIMIT 1) AS owner,
            ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = $1::oid) AS given, ${GIVABLE}
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND has_schema_privilege(n.oid, 'USAGE')
      ORDER BY c.oid LIMIT ${String(MOST_RELATIONS + 1)}`,
    [role],
  );
  if (rows.length > MOST_RELATIONS)
    throw new AppError("internal.error", { detail: `the database has more than ${String(MOST_RELATIONS)} relations` });
  return rows.map(known);
}

function known(row: Row): Known {
  const given = new Set((row["given"] as readonly string[]).filter((right) => RIGHTS.some((one) => one === right)));
  return {
    oid: String(row["oid"]),
    schema: String(row["schema"]),
    name: String(row["name"]),
    isSequence: row["sequence"] === true,
    ownedBy: typeof row["owner"] === "string" ? row["owner"] : null,
    givable: new Set(RIGHTS.filter((right) => row[right] === true)),
    given: given as ReadonlySet<Right>,
  };
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
