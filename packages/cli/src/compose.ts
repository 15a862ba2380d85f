import { AppError } from "@countersign/core";
import { readDatabasePlace } from "@countersign/server";
import { type ControlPlane, type ControlPlaneOptions, openControlPlane } from "./control-plane.ts";
import { type OwnGateway, startOwnGateway } from "./own-gateway.ts";

/** A control plane that answers. */
export interface ComposedServer {
  readonly api: string;
  /** `host:port` that the control plane listens on. */
  readonly listen: string;
  /** The one-time link of the first human; null once one exists. */
  readonly setupUrl: string | null;
  readonly dataDir: string;
  readonly pendingChanges: readonly { readonly approvalId: string; readonly url: string; readonly what: string }[];
  readonly warnings: readonly string[];
  /** INV-10: what is live with a dead link behind it; must be empty. */
  zombies(): Promise<readonly { readonly kind: string; readonly id: string; readonly because: string }[]>;
  /** Rejects when what is stored turns out to be damaged: this process must end. Never resolves. */
  readonly damage: Promise<never>;
  close(): Promise<void>;
}
/** A control plane and its gateway that answer. */
export interface Composed extends ComposedServer {
  readonly gateway: string;
  /** `host:port`; null while no database is guarded. */
  postgres(): string | null;
}

/** `countersign up`: control plane, gateway and pages in one process, on the embedded database or on one that servers share. */
export async function compose(options: ControlPlaneOptions): Promise<Composed> {
  const plane = await openControlPlane(options, { hasGateway: true });
  const gateway = await startOwnGateway(plane, options).catch(closing(plane));
  const close = async (): Promise<void> => {
    await gateway.close();
    await plane.close();
  };
  const served = await serve(plane, options, gateway).catch(closing({ close }));
  return { ...served, gateway: gateway.url, postgres: () => gateway.postgres(), close };
}

/**
 * `countersign server`: a control plane without a gateway of its own, beside others on one database.
 * @throws AppError `config.invalid` when nobody said which database
 */
export async function composeServer(options: ControlPlaneOptions): Promise<ComposedServer> {
  const { isSaid } = await readDatabasePlace({ file: options.configFile, environment: options.env.configuration });
  if (!isSaid)
    throw new AppError("config.invalid", {
      detail:
        "a server needs to know its database; set DATABASE_URL=postgres://…, or `database: sqlite` to be the only one",
    });
  const plane = await openControlPlane(options, { hasGateway: false });
  return await serve(plane, options, null).catch(closing(plane));
}

async function serve(
  plane: ControlPlane,
  { dataDir }: ControlPlaneOptions,
  gateway: OwnGateway | null,
): Promise<ComposedServer> {
  const { server } = plane;
  const warnings = [...(await plane.warnings()), ...(gateway?.warnings ?? [])];
  const { api, setupUrl } = await server.serve(gateway?.url ?? null);
  return {
    api,
    listen: server.config.listen.api,
    setupUrl,
    dataDir,
    pendingChanges: server.pending(),
    warnings,
    zombies: async () => await server.zombies(),
    damage: server.damage,
    close: async () => await plane.close(),
  };
}

/** Closes what is open already, and passes the error on. */
function closing(open: { close(): Promise<void> }): (error: unknown) => Promise<never> {
  return async (error) => {
    await open.close();
    throw error;
  };
}
