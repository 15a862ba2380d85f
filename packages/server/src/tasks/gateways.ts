import { AppError, EFFECTS, type Grant, type PointId, type StateRecord, matches } from "@countersign/core";
import type { Kernel } from "../kernel.ts";

/** Most gateways that one credential names: it travels in a header. */
const MOST_NAMED = 32;

/** The gateways that a credential is for. */
export interface Gateways {
  /** Where clients reach them, the one to use first. */
  readonly addresses: readonly string[];
  /** Those that were asked for; null: any. */
  readonly points: readonly PointId[] | null;
}

/**
 * One was asked for, by name or address: that one. Else any: that of this process first, then those that hold a lease elsewhere, so that it
 * does not matter which server gave the credential.
 * @throws AppError `request.not_found` when there is no such gateway
 */
export async function gatewaysOf(
  { store, gatewayUrl }: Pick<Kernel, "store" | "gatewayUrl">,
  asked?: string,
): Promise<Gateways> {
  const own = gatewayUrl();
  if (asked !== undefined) {
    const found: Named = asked === own ? { addresses: [asked], points: [] } : await named(store, asked);
    // Its clients are sent to the PostgreSQL of another point where it guards none itself.
    const database = await postgresPoint(store, found.addresses[0]);
    return database === null ? found : { ...found, points: [...new Set([...found.points, database.id])] };
  }
  const points = await store.find("point", { status: "active" });
  const elsewhere = points.flatMap(({ state }) => (state.url === null ? [] : [state.url]));
  const addresses = [...new Set([...(own === null ? [] : [own]), ...elsewhere])].slice(0, MOST_NAMED);
  return { addresses, points: null };
}

interface Named {
  readonly addresses: readonly [string];
  readonly points: readonly PointId[];
}

async function named(store: Kernel["store"], asked: string): Promise<Named> {
  const usable = ({ state }: StateRecord<"point">): boolean => state.status !== "removed" && state.url !== null;
  const byName = (await store.find("point", { key: asked })).findLast(usable);
  // Whoever stands at an address was perhaps another point before.
  const found =
    byName === undefined ? (await store.find("point")).filter(({ state }) => state.url === asked) : [byName];
  const points = found.filter(usable);
  const url = points[0]?.state.url ?? null;
  if (url !== null) return { addresses: [url], points: points.map(({ id }) => id) };
  throw new AppError("request.not_found", {
    detail: `there is no gateway \`${asked.slice(0, 100)}\` that clients can reach; see \`countersign gateway list\``,
  });
}

/** The PostgreSQL of a gateway, as the clients of a task reach it. */
export interface PostgresPlace {
  /** `host:port`, in TLS with the certificate of the task. */
  readonly address: string;
  /** SPIFFE ID that whoever answers there has to show. */
  readonly identity: string;
  /** Guarded databases that grants of the task speak of. */
  readonly databases: readonly string[];
}

/** The PostgreSQL of that gateway (by address), else of any that holds a lease; null where nobody guards one. */
export async function postgresOf(
  { store }: Pick<Kernel, "store">,
  {
    gateway,
    grants,
    trustDomain,
  }: { readonly gateway: string | null; readonly grants: readonly Grant[]; readonly trustDomain: string },
): Promise<PostgresPlace | null> {
  const point = await postgresPoint(store, gateway);
  if (point?.state.postgres === undefined) return null;
  const upstreams = await store.find("upstream", { status: "active" });
  const granted = ({ id, terms }: StateRecord<"upstream">): boolean =>
    terms.kind === "postgres" &&
    grants.some(({ action }) => EFFECTS.some((effect) => matches(action, `sql:${id}/${effect}`)));
  return {
    address: point.state.postgres,
    identity: `spiffe://${trustDomain}/point/${point.id}`,
    databases: upstreams.filter(granted).map(({ id }) => id),
  };
}

async function postgresPoint(store: Kernel["store"], gateway: string | null): Promise<StateRecord<"point"> | null> {
  const points = (await store.find("point", { status: "active" })).filter(({ state }) => state.postgres !== undefined);
  return points.find(({ state }) => state.url === gateway) ?? points[0] ?? null;
}

/** Those for which a task has credentials when it was given one more. Undefined: any. */
export function gatewaysWith(
  known: readonly PointId[] | undefined,
  points: readonly PointId[] | null,
): readonly PointId[] | undefined {
  return known === undefined || points === null ? undefined : [...new Set([...known, ...points])];
}
