import { FURTHER_RESOURCE } from "../further-resources.ts";
import type { PackedCommit } from "../packed.ts";
import { type Group, type GroupStart, keyOf, leafHash } from "./group.ts";
import { searchable } from "./searchable.ts";
import type { Session } from "./session.ts";

/** Takes the lock that orders all commits, and says where they are. */
export const LOCK_HEAD = "SELECT version, size, brakes, needs FROM head FOR UPDATE";
export interface HeadRow {
  readonly version: number;
  readonly size: number;
  readonly brakes: number;
  readonly needs: number;
}

// One value each by an index: a scalar subquery is never turned into a join over the whole table.
const READ = `
  SELECT 'version' AS what, kind || ' ' || id AS key,
    (SELECT version FROM records r WHERE r.kind = e.kind AND r.id = e.id) AS value
    FROM unnest($1::text[], $2::text[]) AS e(kind, id)
  UNION ALL SELECT 'point', p, (SELECT point_seq FROM journal WHERE point = p ORDER BY point_seq DESC LIMIT 1)
    FROM unnest($3::text[]) AS p
  UNION ALL SELECT 'task', t, (SELECT task_seq FROM journal WHERE task = t ORDER BY task_seq DESC LIMIT 1)
    FROM unnest($4::text[]) AS t
  UNION ALL SELECT 'changed', n::text, (SELECT 1 FROM records r WHERE r.kind = u.kind AND r.status = u.status
      AND r.version > u.since AND (u.agent IS NULL OR r.agent = u.agent) AND (u.owner IS NULL OR r.owner = u.owner) LIMIT 1)
    FROM unnest($5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[]) WITH ORDINALITY
      AS u(kind, status, since, agent, owner, n)`;
type ReadRow = {
  readonly what: "version" | "point" | "task" | "changed";
  readonly key: string;
  readonly value: number | null;
};

/** Everything that a group must know before it is applied, in one question. */
export async function readStart(
  session: Session,
  commits: readonly PackedCommit[],
): Promise<Omit<GroupStart, "version" | "size">> {
  const expected = new Map<string, readonly [string, string]>();
  const points = new Set<string>();
  const tasks = new Set<string>();
  const lists = commits.flatMap(([, unchanged]) => unchanged ?? []);
  for (const [expect, , , , entries] of commits) {
    for (let i = 0; expect !== null && i < expect.length; i += 3) {
      const [kind, id] = [String(expect[i]), String(expect[i + 1])];
      expected.set(keyOf(kind, id), [kind, id]);
    }
    for (const [, , , , , point, task] of entries) {
      points.add(point);
      if (task !== null) tasks.add(task);
    }
  }
  const start = { versions: new Map(), points: new Map(), tasks: new Map(), changed: lists.map(() => false) };
  if (expected.size + points.size + lists.length === 0) return start;
  const rows = await session.rows<ReadRow>(READ, [
    [...expected.values()].map(([kind]) => kind),
    [...expected.values()].map(([, id]) => searchable(id)),
    [...points],
    [...tasks],
    lists.map(({ kind }) => kind),
    lists.map(({ status }) => status),
    lists.map(({ since }) => since),
    lists.map(({ agent }) => agent ?? null),
    lists.map(({ owner }) => owner ?? null),
  ]);
  fill(start, rows);
  return start;
}

function fill(
  start: Omit<GroupStart, "version" | "size"> & { readonly changed: boolean[] },
  rows: readonly ReadRow[],
): void {
  for (const { what, key, value } of rows) {
    if (value === null) continue;
    if (what === "version") start.versions.set(key, value);
    else if (what === "point") start.points.set(key, value);
    else if (what === "task") start.tasks.set(key, value);
    else start.changed[Number(key) - 1] = true;
  }
}

/** Statements that write what a group gathered; sent one behind the other, answered together. */
export function writes(
  group: Group,
  before: HeadRow,
): readonly (readonly [text: string, values: readonly unknown[]])[] {
  return [
    ...(group.entries.length === 0 ? [] : [entryWrite(group, before.size)]),
    ...(group.named.length === 0 ? [] : [namedWrite(group)]),
    ...(group.puts.size === 0 ? [] : [putWrite(group)]),
    ...(group.blobs.size === 0 ? [] : [blobWrite(group)]),
    [WRITE_HEAD, [group.version, group.size, group.brakesChanged ?? before.brakes]],
  ];
}

const WRITE_HEAD = "UPDATE head SET version = $1, size = $2, brakes = $3";

// Bytes travel as one run, which is not turned into text; each row cuts its part out.
const WRITE_ENTRIES = `
  INSERT INTO journal(idx, id, kind, point, point_seq, task, task_seq, intent, resource, agent, human, leaf_hash, leaf)
  SELECT $1::bigint + n - 1, e.id, e.kind, e.point, e.point_seq, e.task, e.task_seq, e.intent, e.resource, e.agent, e.human,
    substring($2::bytea FROM (32 * (n - 1) + 1)::int FOR 32), substring($3::bytea FROM e.start FOR e.length)
  FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[],
    $13::text[], $14::int[], $15::int[]) WITH ORDINALITY
    AS e(id, kind, point, point_seq, task, task_seq, intent, resource, agent, human, start, length, n)`;

function entryWrite({ entries, leaves }: Group, size: number): readonly [string, readonly unknown[]] {
  const runs = runOf(leaves);
  const column = (i: 3 | 4 | 5 | 6 | 7 | 9 | 10): (string | null)[] => entries.map(([entry]) => entry[i]);
  return [
    WRITE_ENTRIES,
    [
      size,
      Buffer.concat(leaves.map(leafHash)),
      runs.bytes,
      column(3),
      column(4),
      column(5),
      entries.map(([, pointSeq]) => pointSeq),
      column(6),
      entries.map(([, , taskSeq]) => taskSeq),
      column(7),
      entries.map(([entry]) => (entry[8] === null ? null : searchable(entry[8]))),
      column(9),
      column(10),
      runs.starts,
      runs.lengths,
    ],
  ];
}

const WRITE_NAMED =
  "INSERT INTO named(kind, id, idx) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING";

function namedWrite({ named }: Group): readonly [string, readonly unknown[]] {
  return [
    WRITE_NAMED,
    [
      named.map(([kind]) => kind),
      named.map(([kind, id]) => (kind === FURTHER_RESOURCE ? searchable(id) : id)),
      named.map(([, , index]) => index),
    ],
  ];
}

const WRITE_PUTS = `
  INSERT INTO records(kind, id, version, body, sum)
  SELECT p.kind, p.id, p.version, p.body, substring($5::bytea FROM (8 * (n - 1) + 1)::int FOR 8)
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS p(kind, id, version, body, n) ORDER BY n
  ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, body = excluded.body, sum = excluded.sum`;

function putWrite({ puts }: Group): readonly [string, readonly unknown[]] {
  const rows = [...puts.values()];
  return [
    WRITE_PUTS,
    [
      rows.map(([[kind]]) => kind),
      rows.map(([[, id]]) => id),
      rows.map(([, version]) => version),
      rows.map(([[, , body]]) => body),
      Buffer.concat(rows.map(([, , sum]) => sum)),
    ],
  ];
}

const WRITE_BLOBS = `
  INSERT INTO blobs(name, bytes, sum)
  SELECT b.name, substring($2::bytea FROM b.start FOR b.length), substring($3::bytea FROM (8 * (n - 1) + 1)::int FOR 8)
  FROM unnest($1::text[], $4::int[], $5::int[]) WITH ORDINALITY AS b(name, start, length, n)
  ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, sum = excluded.sum`;

function blobWrite({ blobs }: Group): readonly [string, readonly unknown[]] {
  const runs = runOf([...blobs.values()].map(([bytes]) => bytes));
  const sums = Buffer.concat([...blobs.values()].map(([, sum]) => sum));
  return [WRITE_BLOBS, [[...blobs.keys()].map(searchable), runs.bytes, sums, runs.starts, runs.lengths]];
}

function runOf(parts: readonly Buffer[]): {
  readonly bytes: Buffer;
  readonly starts: number[];
  readonly lengths: number[];
} {
  let end = 1;
  const starts = parts.map(({ length }) => (end += length) - length);
  return { bytes: Buffer.concat(parts), starts, lengths: parts.map(({ length }) => length) };
}
