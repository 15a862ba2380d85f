import { type TaskComment, readComment } from "./comment.ts";
import type { OwnSession, Query } from "./own-session.ts";
import { quotedName } from "./quoted.ts";

export interface SweepOf {
  readonly place: string;
  readonly point: string;
  /** Whether the login of that name is in use here; asked after the catalogue was. */
  readonly isLive: (name: string) => boolean;
}

const MOST_AT_ONCE = 1000;

/** Logins of tasks that nobody uses: this point's that are not in use here, and others' whose task ended a minute ago or more. */
export async function leftovers(query: Query, { place, point, isLive }: SweepOf): Promise<readonly string[]> {
  const rows = await query(
    `SELECT r.rolname AS name, shobj_description(r.oid, 'pg_authid') AS comment,
            coalesce(r.rolvaliduntil < now() - interval '60 s', false) AS expired
       FROM pg_roles r WHERE r.rolname LIKE 'cst\\_%' ORDER BY r.oid LIMIT ${String(MOST_AT_ONCE)}`,
  );
  return rows.flatMap(({ name, comment, expired }) => {
    const known = readComment(comment);
    const isOurs = known?.kind === "task" && known.place === place && !isLive(String(name));
    return isOurs && (isOf(known, point) || expired === true) ? [String(name)] : [];
  });
}

function isOf(comment: TaskComment, point: string): boolean {
  return comment.point === point;
}

/** How long nobody has to be member of a role of grants until it is dropped. */
const UNUSED_MS = 900_000;

/** Drops roles of grants that nobody was member of for a while, as far as this process saw. `idle`: since when, by name; kept from call to call. */
export async function dropUnused(
  session: OwnSession,
  place: string,
  { idle, now }: { readonly idle: Map<string, number>; readonly now: number },
): Promise<readonly string[]> {
  const found = await session.run(async (query) => await withoutMembers(query, place));
  for (const name of idle.keys()) if (!found.includes(name)) idle.delete(name);
  for (const name of found) if (!idle.has(name)) idle.set(name, now);
  const due = found.filter((name) => now - (idle.get(name) ?? now) >= UNUSED_MS);
  for (const name of due) {
    await session.alone(async (query) => {
      if (!(await withoutMembers(query, place)).includes(name)) return;
      await query(`DROP OWNED BY ${quotedName(name)}; DROP ROLE ${quotedName(name)}`);
    });
    idle.delete(name);
  }
  return due;
}

async function withoutMembers(query: Query, place: string): Promise<readonly string[]> {
  const rows = await query(
    `SELECT r.rolname AS name, shobj_description(r.oid, 'pg_authid') AS comment FROM pg_roles r
      WHERE r.rolname LIKE 'csg\\_%'
        AND NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles t ON t.oid = m.member WHERE m.roleid = r.oid AND t.rolname LIKE 'cst\\_%')
      ORDER BY r.oid LIMIT ${String(MOST_AT_ONCE)}`,
  );
  return rows.flatMap(({ name, comment }) => {
    const known = readComment(comment);
    return known?.kind === "grants" && known.place === place ? [String(name)] : [];
  });
}
