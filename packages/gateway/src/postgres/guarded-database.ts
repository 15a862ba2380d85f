import type { Preview, TaskId } from "@countersign/core";
import type { TaskRows } from "./ceilings.ts";
import type { Session, Verdict } from "./judge/index.ts";
import type { HeldStatement, OwnSession } from "./preview/index.ts";
import type { TaskLogin, TaskRoles } from "./roles/task-roles.ts";
import type { ServerAddress } from "./upstream/index.ts";

/** One upstream of kind `postgres`, as a gateway serves it. */
export interface GuardedDatabase {
  readonly address: ServerAddress;
  readonly roles: Pick<TaskRoles, "acquire" | "end">;
  readonly judge: (sql: string, session: Session) => Verdict | Promise<Verdict>;
  /** Something that changes what statements mean, or may, was done here. */
  readonly moved: () => void;
  /** What a statement would do that is about to be held. Never rejects. */
  readonly preview?: (held: HeldStatement, signal: AbortSignal) => Promise<Preview | null>;
  /** The rows that a task has changed here. */
  readonly rowsOf: (task: TaskId) => TaskRows;
  /** A session of the gateway's own under the login of a task. @throws what the server says */
  readonly openAs: (login: TaskLogin) => Promise<OwnSession>;
  close(): Promise<void>;
}
