import type { Call, Preview } from "@countersign/core";
import type { Claims } from "@countersign/enforce";
import type { GatewayLog, GatewayPoint } from "../../mcp/index.ts";
import type { Session as Judged, Verdict } from "../judge/verdict.ts";
import type { LoggedIn } from "../upstream/index.ts";
import type { ClientConnection } from "./client-connection.ts";

/** What a session needs of the gateway. */
export interface SessionParts {
  readonly point: GatewayPoint;
  readonly log: GatewayLog;
  readonly claims: Extract<Claims, { ok: true }>;
  /** Name of the upstream. */
  readonly database: string;
  readonly client: ClientConnection;
  readonly server: LoggedIn;
  /** Says what a text does, for this database. */
  readonly judge: (sql: string, session: Judged) => Verdict | Promise<Verdict>;
  /** What a held statement would do. */
  readonly preview?: (call: Call, signal: AbortSignal) => Promise<Preview | null>;
  /** Text that asks the server for the search path and the temporary schema of a session: a JSON array of names, and a name or null. */
  readonly stateQuery: string;
}
