import { type Postgres, startPostgres, startPostgresPair } from "../../../packages/server/src/testing/index.ts";
import { DroppingProxy } from "../dropping-proxy.ts";

const NAME = "countersign";

/** The PostgreSQL of a cluster. */
export interface Database {
  /** The instance that commits until another one is promoted. */
  readonly primary: Postgres;
  /** Of all its instances. */
  readonly ports: readonly number[];
  /** Names all its instances. */
  readonly url: string;
  /** Makes the synchronous standby the primary, and resolves when it is. @throws Error when there is none */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

/** One instance, or a primary with a synchronous standby. */
export async function startDatabase(hasStandby: boolean): Promise<Database> {
  if (hasStandby) {
    const pair = await startPostgresPair();
    const { primary, standby } = pair;
    const ports = [primary.port, standby.port];
    const url = await pair.url(NAME);
    return { primary, ports, url, promote: async () => await pair.promote(), stop: async () => await pair.stop() };
  }
  const primary = await startPostgres();
  const promote = async (): Promise<void> => await Promise.reject(new Error("the database has no standby"));
  return {
    primary,
    ports: [primary.port],
    url: await primary.url(NAME),
    promote,
    stop: async () => await primary.stop(),
  };
}

/** A way of its own to each instance, and the URL by which the database is reached on these ways. */
export async function waysTo({ ports, url }: Database): Promise<{ url: string; ways: readonly DroppingProxy[] }> {
  const ways = await Promise.all(ports.map(async (port) => await DroppingProxy.open({ host: "127.0.0.1", port })));
  const through = ways.reduce(
    (text, { target, port }) => text.replace(`:${String(target.port)}`, `:${String(port)}`),
    url,
  );
  return { url: through, ways };
}
