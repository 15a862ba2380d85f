import { AppError, EFFECTS, type Grant, type StateRecord, matches } from "@countersign/core";
import type { Kernel } from "../kernel.ts";

/** Most gateways that one credential names: it travels in a header. */
const MOST_NAMED = 32;

/**
 * Where clients reach the gateways that a credential is for. One was asked for, by name or address: that one. Else that of this process
 * first, then those that hold a lease elsewhere, so that it does not matter which server gave it.
 * @throws AppError `request.not_found` when there is no such gateway
 */
export async function gatewaysOf(
  { store, gatewayUrl }: Pick<Kernel, "store" | "gatewayUrl">,
  asked?: string,
): Promise<readonly string[]> {
  const own = gatewayUrl();
  if (asked !== undefined && asked !== own) return [await addressOf(store, asked)];
  if (asked !== undefined) return [asked];
  const points = await store.find("point", { status: "active" });
  const elsewhere = points.flatMap(({ state }) => (state.url === null ? [] : [state.url]));
  return [...new Set([...(own === null ? [] : [own]), ...elsewhere])].slice(0, MOST_NAMED);
}

async function addressOf(store: Kernel["store"], asked: string): Promise<string> {
  const usable = ({ state }: StateRecord<"point">): boolean => state.status !== "removed" && state.url !== null;
  const named = (await store.find("point", { key: asked })).findLast(usable);
  const found = named ?? (await store.find("point")).find((point) => usable(point) && point.state.url === asked);
  const url = found?.state.url ?? null;
  if (url !== null) return url;
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
  const points = (await store.find("point", { status: "active" })).filter(({ state }) => state.postgres !== undefined);
  const point = points.find(({ state }) => state.url === gateway) ?? points[0];
  if (point?.state.postgres === undefined) return null;
  const upstreams = await store.find("upstream", { status: "active" });
  const granted = ({ id, terms }: StateRecord<"upstream">): boolean =>
    (terms.kind as string) === "postgres" &&
    grants.some(({ action }) => EFFECTS.some((effect) => matches(action, `sql:${id}/${effect}`)));
  return {
    address: point.state.postgres,
    identity: `spiffe://${trustDomain}/point/${point.id}`,
    databases: upstreams.filter(granted).map(({ id }) => id),
  };
}
