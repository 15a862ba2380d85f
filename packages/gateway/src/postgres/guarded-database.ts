import type { Call, Preview } from "@countersign/core";
import type { Session, Verdict } from "./judge/index.ts";
import type { TaskRoles } from "./roles/task-roles.ts";
import type { ServerAddress } from "./upstream/index.ts";

/** One upstream of kind `postgres`, as a gateway serves it. */
export interface GuardedDatabase {
  readonly address: ServerAddress;
  readonly roles: Pick<TaskRoles, "acquire" | "end">;
  readonly judge: (sql: string, session: Session) => Verdict | Promise<Verdict>;
  /** Something that changes what statements mean, or may, was done here. */
  readonly moved: () => void;
  readonly preview?: (call: Call, signal: AbortSignal) => Promise<Preview | null>;
  close(): Promise<void>;
}
