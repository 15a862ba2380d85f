import type { EnforcementPoint } from "@countersign/enforce";
import { type PostgresGateway, openDatabase, startPostgresGateway } from "@countersign/gateway";
import { hostPort } from "@countersign/server";
import type { ControlPlane, ControlPlaneOptions } from "./control-plane.ts";

/** Builds the point; `postgres` answers where its clients reach it, once that is known. */
type BuildPoint = (postgres: () => string | null) => Promise<EnforcementPoint>;

/** The PostgreSQL gateway in the process of the control plane, with a point of its own. It listens from when there is a database to guard. */
export class OwnPostgres {
  private readonly plane: ControlPlane;
  private readonly environment: ControlPlaneOptions["env"]["variables"];
  private readonly build: BuildPoint;
  private point: EnforcementPoint | null = null;
  private gateway: PostgresGateway | null = null;
  private starting: Promise<void> | null = null;
  private isOver = false;

  constructor(plane: ControlPlane, { env }: Pick<ControlPlaneOptions, "env">, build: BuildPoint) {
    this.plane = plane;
    this.environment = env.variables;
    this.build = build;
  }

  /** `host:port`; null: it does not listen. */
  get address(): string | null {
    return this.gateway?.address ?? null;
  }

  /** Starts if `replica` knows of a database and it has not. @throws AppError `listen.in_use` */
  async needed({ replica }: Pick<EnforcementPoint, "replica">): Promise<void> {
    const guarded = [...replica.all("upstream")].some(
      ({ terms, state }) => terms.kind === "postgres" && state.status === "active",
    );
    if (!guarded || this.isOver) return;
    this.starting ??= this.start().catch((error: unknown) => {
      this.starting = null;
      throw error;
    });
    await this.starting;
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.starting?.catch(() => undefined);
    await this.point?.stop();
    await this.gateway?.close();
  }

  private async start(): Promise<void> {
    const { server, log } = this.plane;
    const point = await this.build(() => this.address);
    const identity = server.ownServerIdentity(point.id);
    const options = { point, log, environment: this.environment };
    const gateway = await startPostgresGateway({
      point,
      listen: hostPort(server.config.listen.postgres),
      credential: () => identity.credential(),
      trustBundle: server.trustBundle,
      openDatabase: async (record) => await openDatabase(record, options),
      log,
    });
    this.gateway = gateway;
    this.point = point;
    server.connect(point);
    await point.start();
  }
}
