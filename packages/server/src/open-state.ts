import { type Config, assertFree, readConfig, readDatabasePlace } from "./config/index.ts";
import { type Place, takePlace } from "./place.ts";
import type { ServerOptions } from "./start.ts";
import { type LedgerStore, openStore } from "./store/index.ts";

/** The state of an installation, open. */
export interface State {
  readonly store: LedgerStore;
  /** Null: the embedded database, of this process alone. */
  readonly place: Place | null;
  close(): Promise<void>;
}

/** Opens the database that the configuration names, and takes the data directory for this process. */
export async function openState({
  dataDir,
  configFile: file,
  environment,
  now,
  random,
}: ServerOptions): Promise<State> {
  const { url } = await readDatabasePlace({ file, environment });
  if (url === null) {
    const store = await openStore({ path: dataDir, clock: now });
    return { store, place: null, close: async () => await store.close() };
  }
  const place = await takePlace(dataDir, random);
  try {
    const store = await openStore({ url, clock: now });
    const close = async (): Promise<void> => {
      await store.close();
      place.release();
    };
    return { store, place, close };
  } catch (error) {
    place.release();
    throw error;
  }
}

/** The configuration, with the addresses that it comes to on this state. @throws AppError as `readConfig` does, `listen.in_use` */
export async function configOf(options: ServerOptions, { store, place }: State): Promise<Config> {
  const stored = await store.get("settings", "settings");
  const root = await store.get("root", "root");
  const source = { file: options.configFile, environment: options.environment, overrides: options.overrides };
  // An unreadable configuration must not leave an installation half made: it is read before anything is written.
  const config = await readConfig({
    ...source,
    storedPublicUrl: stored?.terms.publicUrl ?? null,
    boundUrl: root?.terms.origin ?? null,
    formerPort: place === null ? portOf(stored?.terms.publicUrl) : place.port,
    isShared: place !== null,
    now: options.now(),
  });
  const { api, gateway } = config.listen;
  await assertFree(options.hasGateway ? { api, gateway } : { api });
  return config;
}

function portOf(publicUrl: string | undefined): number | null {
  const port = publicUrl === undefined ? "" : new URL(publicUrl).port;
  return port === "" ? null : Number(port);
}
