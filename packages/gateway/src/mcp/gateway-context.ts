import { type StateRecord, type UpstreamRecord, type TaskId, covers, isUpstreamOf } from "@countersign/core";
import type { EnforcementPoint } from "@countersign/enforce";
import type { Changes } from "./changes.ts";
import type { OpenQuestions } from "./conversation.ts";
import type { KnownDefinitions } from "./known-definitions.ts";
import type { Authenticator } from "./authenticate.ts";
import type { GatewayLog } from "./gateway-log.ts";
import type { InFlight } from "./in-flight.ts";
import type { McpLimits } from "./limits.ts";
import type { ParkedActions } from "./parked-actions.ts";
import type { Sessions } from "./sessions.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { UnreadAnswers } from "./unread-answers.ts";
import type { Connections } from "./upstream/connections.ts";

/** What the gateway asks of its enforcement point. */
export type GatewayPoint = Pick<
  EnforcementPoint,
  | "replica"
  | "settings"
  | "issuer"
  | "learn"
  | "onLease"
  | "enforce"
  | "keep"
  | "heldCall"
  | "secret"
  | "onTaskEnd"
  | "onUpstreamChange"
  | "now"
  | "random"
> & { readonly lease: Pick<EnforcementPoint["lease"], "valid"> };

/** What all requests share. */
export interface GatewayContext {
  readonly point: GatewayPoint;
  readonly limits: McpLimits;
  readonly log: GatewayLog;
  readonly authenticator: Authenticator;
  readonly sessions: Sessions;
  readonly inFlight: InFlight;
  readonly questions: OpenQuestions;
  readonly parked: ParkedActions;
  readonly changes: Changes;
  readonly subscriptions: Subscriptions;
  readonly connections: Connections;
  readonly definitions: KnownDefinitions;
  readonly unread: UnreadAnswers;
}

/** The upstream of that name, if it is in use. */
export function activeUpstream({ point }: Pick<GatewayContext, "point">, name: string): UpstreamRecord<"mcp"> | null {
  const record = point.replica.get("upstream", name);
  return record?.state.status === "active" && isUpstreamOf("mcp", record) ? record : null;
}

/** Whether the task may still cause anything at all. The decision looks closer; this keeps a dead task from starting processes. */
export function isLive({ point }: Pick<GatewayContext, "point">, task: TaskId): boolean {
  const record = point.replica.get("task", task);
  return record?.state.status === "live" && Date.parse(record.terms.expiresAt) > point.now();
}

/** INV-3: the stop that covers a task at an upstream; behind it nothing is started and nothing asked, not even for tools. */
export function stopOver(
  { point }: Pick<GatewayContext, "point">,
  task: TaskId,
  upstream: string,
): StateRecord<"brake"> | null {
  const terms = point.replica.get("task", task)?.terms;
  if (terms === undefined) return null;
  const { human, device, agent } = terms;
  for (const brake of point.replica.all("brake")) {
    const covered = covers(brake.terms.scope, { human, device, agent, task }, `mcp:${upstream}`);
    if (covered && brake.state.status === "active") return brake;
  }
  return null;
}

/** Whether anything may be asked of an upstream for a task before its action is decided. */
export function mayAsk(context: Pick<GatewayContext, "point">, task: TaskId, upstream: string): boolean {
  return isLive(context, task) && stopOver(context, task, upstream) === null;
}
