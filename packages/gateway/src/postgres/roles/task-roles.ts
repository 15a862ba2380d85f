import type { Chain, Grant, Limits, TaskId } from "@countersign/core";

/** What a task's login is made from. */
export interface RoleTask {
  readonly task: TaskId;
  readonly chain: Chain;
  /**
   * What covers an action: the task's grants, its agent's scope and, for unattended work, its mandate's grants. A right is given only where
   * each of them gives it.
   */
  readonly grants: readonly (readonly Grant[])[];
  /** RFC 3339: after it the server refuses the login by itself. */
  readonly expiresAt: string;
  /** The least ceilings of its grants: with those of the upstream, the time of a statement is set at the server. */
  readonly limits: Limits;
}

/** How the task's sessions log in at the server. The password stands nowhere but here and in the server's SCRAM verifier. */
export interface TaskLogin {
  readonly user: string;
  readonly password: string;
  /** Parameters of the startup message: who acts, as a hint for the server's own log. */
  readonly settings: Readonly<Record<string, string>>;
}

export type Acquired =
  | { readonly ok: true; readonly login: TaskLogin }
  | { readonly ok: false; readonly code: "upstream.down" | "upstream.timeout" | "task.ended"; readonly reason: string };

/** What became of a task's role. */
export interface RoleEnd {
  /** The server confirmed that none of its sessions is left and that it cannot log in. False: not yet; it is tried again. */
  readonly confirmed: boolean;
  /** Sessions that were still there and were ended, their transactions rolled back. */
  readonly terminated: number;
  /** One clause; null when all is done and the role is gone. */
  readonly reason: string | null;
}

/** The roles of tasks at one database (ADR 0009): one login for each task, member of one role for each distinct set of grants. */
export interface TaskRoles {
  /** The login of a task; made at its first use, the same ever after, until it ends. Never rejects. */
  acquire(task: RoleTask): Promise<Acquired>;
  /**
   * Ends a task's login: no new sessions, those that are left are ended and that is confirmed, what they own is given away, the role is gone.
   * A task that has none is confirmed at once. Never rejects, and takes at most 15 s.
   */
  end(task: TaskId): Promise<RoleEnd>;
  /** The relations are not what they were: gives the roles of live tasks what their grants mean now. Never rejects. */
  refresh(): Promise<void>;
  /** Ends what was left behind: by this point before it started, by any point after the task's end. Also run every minute. Never rejects. */
  sweep(): Promise<{ readonly ended: number; readonly left: number }>;
  /** Ends every login that was given out here. */
  close(): Promise<void>;
}
