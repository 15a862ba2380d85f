import type { Kind } from "@countersign/core";

/** A record in force whose human, device or agent is not. */
export interface Orphan {
  readonly kind: Kind;
  readonly id: string;
  /** What is behind it, and how that is; null: there is no such record. */
  readonly link: Kind;
  readonly linkId: string;
  readonly status: string | null;
}

/** Most that are named: one is too many. */
const MOST = 1000;

interface Link {
  readonly kind: Kind;
  /** The state of what is in force. */
  readonly status: string;
  readonly link: "human" | "device" | "agent";
  readonly column: "owner" | "device" | "agent";
  /** A state of the link that is no life, but no end either: a mandate of a suspended agent opens nothing, and may again when its owner signs. */
  readonly also?: "suspended";
}

/** Of what is live there is little: each looks at what is behind it. */
const LIVE: readonly Link[] = [
  { kind: "task", status: "live", link: "human", column: "owner" },
  { kind: "task", status: "live", link: "device", column: "device" },
  { kind: "task", status: "live", link: "agent", column: "agent" },
  { kind: "session", status: "active", link: "human", column: "owner" },
  { kind: "session", status: "active", link: "device", column: "device" },
  { kind: "mandate", status: "active", link: "human", column: "owner" },
  { kind: "mandate", status: "active", link: "device", column: "device" },
  { kind: "mandate", status: "active", link: "agent", column: "agent", also: "suspended" },
];
/** Directories are large: here those who have left look for what is still in force. */
const OWNED: readonly (readonly [kind: Kind, status: string])[] = [
  ["agent", "active"],
  ["agent", "suspended"],
  ["passkey", "active"],
  ["device", "active"],
];

/** INV-10 as one question, for both databases: what is in force with a dead link behind it. Must find nothing. */
export const ORPHANS: string = [
  ...LIVE.map(liveQuery),
  ...OWNED.map(([kind, status]) => ownedQuery(kind, status)),
  `LIMIT ${String(MOST)}`,
]
  .join(" UNION ALL ")
  .replace(" UNION ALL LIMIT", " LIMIT");

function liveQuery({ kind, status, link, column, also }: Link): string {
  const fine = ["active", ...(also === undefined ? [] : [also])].map((state) => `'${state}'`).join(", ");
  return (
    `SELECT r.kind AS kind, r.id AS id, '${link}' AS link, r.${column} AS "linkId", l.status AS status FROM records r ` +
    `LEFT JOIN records l ON l.kind = '${link}' AND l.id = r.${column} ` +
    `WHERE r.kind = '${kind}' AND r.status = '${status}' AND r.${column} IS NOT NULL ` +
    `AND (l.status IS NULL OR l.status NOT IN (${fine}))`
  );
}

function ownedQuery(kind: Kind, status: string): string {
  return (
    `SELECT r.kind AS kind, r.id AS id, 'human' AS link, r.owner AS "linkId", h.status AS status FROM records h ` +
    `CROSS JOIN records r WHERE h.kind = 'human' AND h.status = 'inactive' ` +
    `AND r.kind = '${kind}' AND r.owner = h.id AND r.status = '${status}'`
  );
}
