import { createHash } from "node:crypto";
import {
  type Grant,
  type PostgresPlace,
  SQL_METHOD,
  canonicalJson,
  matches,
  relationResource,
} from "@countersign/core";
import { coversCall } from "@countersign/policy";

export const RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "USAGE"] as const;
export type Right = (typeof RIGHTS)[number];
/** A relation as the catalogue has it. */
export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly isSequence: boolean;
  /** Of a sequence: the relation whose column it numbers; null: of none. */
  readonly ownedBy: string | null;
}
/** Grants of each level: task, scope, mandate. */
export type Levels = readonly (readonly Grant[])[];

/** What each effect needs of a relation. Whoever names rows to change must see them. */
const NEEDED: Readonly<Record<"read" | "write" | "destructive", readonly Right[]>> = {
  read: ["SELECT"],
  write: ["SELECT", "INSERT", "UPDATE"],
  destructive: ["SELECT", "DELETE", "TRUNCATE"],
};
const EFFECTS = ["read", "write", "destructive"] as const;

/** The rights that grants mean, by oid; a relation without any is left out. A right needs a covering grant at every level. */
export function rightsOf(upstream: string, levels: Levels, relations: readonly Relation[]): Map<string, Set<Right>> {
  const effects = new Map<string, readonly (typeof EFFECTS)[number][]>();
  for (const { oid, schema, name } of relations) {
    const resource = relationResource(upstream, schema, name);
    effects.set(
      oid,
      EFFECTS.filter((effect) =>
        levels.every((grants) =>
          grants.some((grant) =>
            coversCall(grant, { method: SQL_METHOD, upstream, action: `sql:${upstream}/${effect}`, resource }),
          ),
        ),
      ),
    );
  }
  const rights = new Map<string, Set<Right>>();
  for (const { oid, isSequence, ownedBy } of relations) {
    const own = effects.get(oid) ?? [];
    const needed = isSequence ? ofSequence(own, effects.get(ownedBy ?? "") ?? []) : own.flatMap((one) => NEEDED[one]);
    if (needed.length > 0) rights.set(oid, new Set(needed));
  }
  return rights;
}

/** Rows that are added take their number from the sequence of their relation. */
function ofSequence(own: readonly string[], owner: readonly string[]): readonly Right[] {
  const reads = own.length > 0 ? (["SELECT"] as const) : [];
  return own.includes("write") || owner.includes("write") ? [...reads, "USAGE"] : reads;
}

/** What tells one database and one gateway's login from another on a server whose roles share a name space: 16 hexadecimal digits. */
export function placeDigest(upstream: string, { database, user }: Pick<PostgresPlace, "database" | "user">): string {
  return digest({ v: 1, upstream, database, user }).slice(0, 16);
}

/** What tells two sets of grants apart: 32 hexadecimal digits of SHA-256. Ceilings are no part of it: no right follows from them. */
export function grantsDigest(place: string, upstream: string, levels: Levels): string {
  const canonical = levels.map((grants) =>
    [...new Set(grants.filter((grant) => concerns(grant, upstream)).map(nameOf))].toSorted(),
  );
  return digest({ v: 1, place, levels: [...new Set(canonical.map(canonicalJson))].toSorted() }).slice(0, 32);
}

function digest(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

function concerns({ action }: Grant, upstream: string): boolean {
  return EFFECTS.some((effect) => matches(action, `sql:${upstream}/${effect}`));
}

function nameOf({ action, resource }: Grant): string {
  return canonicalJson([action, resource]);
}
