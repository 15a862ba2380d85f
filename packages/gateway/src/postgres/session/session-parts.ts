import type { Claims } from "@countersign/enforce";
import type { GatewayLog, GatewayPoint } from "../../mcp/index.ts";
import type { GuardedDatabase } from "../guarded-database.ts";
import type { Acquired } from "../roles/task-roles.ts";
import type { LoggedIn } from "../upstream/index.ts";
import type { ClientConnection } from "./client-connection.ts";

/** What a session needs of the gateway. */
export interface SessionParts {
  readonly point: GatewayPoint;
  readonly log: GatewayLog;
  readonly claims: Extract<Claims, { ok: true }>;
  /** Of the upstream. */
  readonly name: string;
  readonly database: GuardedDatabase;
  /** The login of the task, for sessions of the gateway's own. */
  readonly login: () => Promise<Extract<Acquired, { ok: true }> | { readonly ok: false; readonly reason: string }>;
  readonly client: ClientConnection;
  readonly server: LoggedIn;
}
