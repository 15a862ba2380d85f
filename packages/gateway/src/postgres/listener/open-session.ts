import { AppError, type Refusal, type StateRecord, narrowest } from "@countersign/core";
import type { Claims, Effector, Prepared, RefusalDetail, Releaser } from "@countersign/enforce";
import type { GatewayPoint } from "../../mcp/index.ts";
import { type LoggedIn, logIn } from "../upstream/index.ts";
import type { GuardedDatabase } from "../guarded-database.ts";
import type { Acquired } from "../roles/task-roles.ts";

/** How long opening a session at the server may take. */
const OPEN_MS = 10_000;

interface Opening {
  readonly point: GatewayPoint;
  readonly claims: Extract<Claims, { ok: true }>;
  readonly database: GuardedDatabase;
  readonly settings: Readonly<Record<string, string>>;
}

/** Opens a session at the server as the task's own login: an action like any other, so that a stopped task opens none. */
export class OpenSession implements Effector<null>, Releaser<null> {
  opened: LoggedIn | null = null;
  refused: { readonly refusal: Refusal; readonly detail: RefusalDetail } | null = null;
  isPermitted = false;
  readonly #opening: Opening;

  constructor(opening: Opening) {
    this.#opening = opening;
  }

  async prepare(): Promise<Prepared<null>> {
    const { point, database, settings } = this.#opening;
    const acquired = await loginOf(this.#opening);
    if (!acquired.ok) return acquired;
    const { user, password, settings: own } = acquired.login;
    try {
      const login = { user, password, parameters: { ...settings, ...own } };
      this.opened = await logIn(database.address, login, { random: point.random, timeoutMs: OPEN_MS });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { ok: false, code: "upstream.down", reason: error.message };
    }
    return {
      ok: true,
      write: () => Promise.resolve({ ok: true, status: "ok", value: null, bytes: null }),
      cancel: () => this.opened?.connection.destroy(),
    };
  }

  partial(): void {
    // There are none.
  }

  answer(): void {
    this.isPermitted = true;
  }

  refusal(refusal: Refusal, detail: RefusalDetail): void {
    this.refused = { refusal, detail };
    this.opened?.connection.destroy();
  }
}

interface NoTask {
  readonly ok: false;
  readonly code: "task.unknown";
  readonly reason: string;
}
type RoleTask = Parameters<GuardedDatabase["roles"]["acquire"]>[0];

/** The login of a task, as its grants are now. Never rejects. */
export async function loginOf({ point, claims, database }: Omit<Opening, "settings">): Promise<Acquired | NoTask> {
  const task = claims.chain.task === null ? undefined : point.replica.get("task", claims.chain.task);
  if (task === undefined) return { ok: false, code: "task.unknown", reason: "there is no such task" };
  return await database.roles.acquire(roleTask(point, task, claims));
}

function roleTask({ replica }: GatewayPoint, task: StateRecord<"task">, { chain }: Opening["claims"]): RoleTask {
  const { agent, mandate, grants, expiresAt } = task.terms;
  // A person's own task is bounded by what was signed for it alone.
  const scope = agent === null ? grants : (replica.get("agent", agent)?.terms.scope ?? []);
  const signed = mandate === undefined ? [] : [replica.get("mandate", mandate)?.terms.grants ?? []];
  const all = [grants, scope, ...signed];
  return { task: task.id, chain, grants: all, expiresAt, limits: narrowest(all.flat().map(({ limits }) => limits)) };
}
