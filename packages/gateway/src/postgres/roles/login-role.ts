import { setTimeout as delay } from "node:timers/promises";
import type { Limits } from "@countersign/core";
import { type RoleComment, commentOf } from "./comment.ts";
import type { OwnSession, Query, ServerFacts } from "./own-session.ts";
import { quotedName, quotedText } from "./quoted.ts";

export interface LoginRole {
  readonly name: string;
  readonly memberOf: string;
  readonly verifier: string;
  /** RFC 3339. */
  readonly validUntil: string;
  readonly limits: Limits;
  readonly comment: RoleComment;
  readonly application: string;
}

const CONNECTIONS = 20;
const IDLE_IN_TRANSACTION_MS = 300_000;
const LOCK_MS = 30_000;
/** The first version in which membership says by itself whether it is inherited and whether one may become the other. */
const MEMBERSHIP_OPTIONS = 160_000;

/** Makes the login of a task: member of the role of its grants and of nothing else. */
export async function createLogin(query: Query, role: LoginRole, { version, login }: ServerFacts): Promise<void> {
  const name = quotedName(role.name);
  // To the server 0 is no end at all.
  const statementMs = role.limits.statementMs === undefined ? 0 : Math.max(1, role.limits.statementMs);
  // Before 16 the membership of the gateway's login, through which it gives objects away, is asked for; from then on it comes by itself.
  const before = version < MEMBERSHIP_OPTIONS ? ` IN ROLE ${quotedName(role.memberOf)} ROLE ${quotedName(login)}` : "";
  const member =
    version < MEMBERSHIP_OPTIONS
      ? []
      : [`GRANT ${quotedName(role.memberOf)} TO ${name} WITH INHERIT TRUE, SET FALSE, ADMIN FALSE`];
  const settings = {
    statement_timeout: String(statementMs),
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    lock_timeout: String(LOCK_MS),
    application_name: role.application,
  };
  await query(
    [
      `CREATE ROLE ${name} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
         CONNECTION LIMIT ${String(CONNECTIONS)} PASSWORD ${quotedText(role.verifier)} VALID UNTIL ${quotedText(role.validUntil)}${before}`,
      `COMMENT ON ROLE ${name} IS ${quotedText(commentOf(role.comment))}`,
      ...member,
      ...Object.entries(settings).map(([key, value]) => `ALTER ROLE ${name} SET ${key} = ${quotedText(value)}`),
    ].join("; "),
  );
}

export interface LoginEnd {
  readonly terminated: number;
  /** Why the role itself is still there, though it cannot log in and nobody is: what the server said. Null: it is gone. */
  readonly kept: unknown;
}

/** How long a session of the role is given to go once it was told to. */
const GONE_MS = 8000;
const LOOK_AGAIN_MS = 20;

/**
 * Ends a login: refused from now on, its sessions ended and seen to be gone, its objects given to `owner`, the role dropped. A role that is not
 * there has ended. Each step holds when the next one fails, and all can be done again.
 * @throws what the server or its connection says while that it cannot be used is not sure
 */
export async function endLogin(session: OwnSession, name: string, owner: string): Promise<LoginEnd> {
  const oid = await session.run(async (query) => {
    const [row] = await query("SELECT oid::text AS oid FROM pg_roles WHERE rolname = $1", [name]);
    if (row === undefined) return null;
    await query(`ALTER ROLE ${quotedName(name)} NOLOGIN`);
    return String(row["oid"]);
  });
  if (oid === null) return { terminated: 0, kept: null };
  const terminated = await endSessions(session, oid);
  const kept = await dropRole(session, { name, owner, oid });
  // One that was let in while the right was taken shows itself now, and belongs to nobody.
  return { terminated: terminated + (await endSessions(session, oid)), kept };
}

async function dropRole(
  session: OwnSession,
  { name, owner, oid }: { readonly name: string; readonly owner: string; readonly oid: string },
): Promise<unknown> {
  try {
    await session.alone(async (query, facts) => {
      if (await ownsSomething(query, oid)) await giveAway(query, { name, owner }, facts);
      await query(`DROP ROLE ${quotedName(name)}`);
    });
    return null;
  } catch (error) {
    return error;
  }
}

async function endSessions(session: OwnSession, oid: string): Promise<number> {
  const ended = new Set<unknown>();
  const until = performance.now() + GONE_MS;
  for (;;) {
    const left = await session.run(
      async (query) =>
        await query(
          `SELECT pid, extract(epoch FROM backend_start)::text AS started, pg_terminate_backend(pid) AS told
             FROM pg_stat_activity WHERE usesysid = $1::oid LIMIT 1000`,
          [oid],
        ),
    );
    for (const { pid, started } of left) ended.add(`${String(pid)} ${String(started)}`);
    if (left.length === 0) return ended.size;
    if (performance.now() > until) throw new Error(`${String(left.length)} sessions of the role do not end`);
    await delay(LOOK_AGAIN_MS);
  }
}

/** Objects of it, or rights that somebody gave it, in this database or in all: the server drops no role that has any. */
async function ownsSomething(query: Query, oid: string): Promise<boolean> {
  const rows = await query(
    `SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = $1::oid AND classid <> 'pg_auth_members'::regclass LIMIT 1`,
    [oid],
  );
  return rows.length > 0;
}

/** Gives what a task made to a role that nobody is member of, and takes from it what others gave it. */
async function giveAway(
  query: Query,
  { name, owner }: { name: string; owner: string },
  facts: ServerFacts,
): Promise<void> {
  const known = await query("SELECT FROM pg_roles WHERE rolname = $1", [owner]);
  if (known.length === 0) {
    const self = facts.version < MEMBERSHIP_OPTIONS ? ` ROLE ${quotedName(facts.login)}` : "";
    await query(
      `CREATE ROLE ${quotedName(owner)} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS${self}`,
    );
  }
  await query(`REASSIGN OWNED BY ${quotedName(name)} TO ${quotedName(owner)}; DROP OWNED BY ${quotedName(name)}`);
}
