import { setTimeout as delay } from "node:timers/promises";
import { type Limits, type PostgresTerms, type Random, type TaskId, canonicalJson, narrowest } from "@countersign/core";
import type { Client } from "pg";
import type { GatewayLog } from "../../mcp/index.ts";
import { placeOf } from "../own-client.ts";
import { TASK_COMMENT } from "./comment.ts";
import { type GrantRole, ensureGrantRole } from "./grant-role.ts";
import { createLogin, endLogin } from "./login-role.ts";
import { maskedOf } from "./masked.ts";
import { OwnSession } from "./own-session.ts";
import { grantsDigest, placeDigest } from "./rights.ts";
import { scramVerifier } from "./scram-verifier.ts";
import { dropUnused, leftovers } from "./sweep.ts";
import type { Acquired, RoleEnd, RoleTask, TaskLogin, TaskRoles } from "./task-roles.ts";

export interface TaskRolesOptions {
  /** Name of the upstream. */
  readonly upstream: string;
  readonly terms: Pick<PostgresTerms, "url" | "masking" | "limits">;
  /** A client of the gateway's own login that is not connected yet, with the secret as it is now: `ownClient`. */
  readonly client: () => Promise<Client>;
  /** Id of the point: it sweeps what it left itself, and what others left when its time is over. */
  readonly point: string;
  readonly now: () => number;
  readonly random: Random;
  readonly log: GatewayLog;
}

const SWEEP_MS = 60_000;
const END_MS = 15_000;
/** How long the rights of a role of grants are taken to be what its grants mean, unless somebody says that relations changed. */
const FRESH_MS = 30_000;
/** Tasks whose end is remembered, so that none of them gets a login again. */
const MOST_ENDED = 10_000;

interface Held {
  readonly name: string;
  readonly role: GrantRole;
  readonly acquired: Promise<Acquired>;
  ending: Promise<RoleEnd> | null;
}

/** Opens the roles of tasks at one database: sweeps at once and every minute. Nothing connects before the first use but that sweep. */
export function openTaskRoles(options: TaskRolesOptions): TaskRoles {
  return new OpenedTaskRoles(options);
}

class OpenedTaskRoles implements TaskRoles {
  private readonly options: TaskRolesOptions;
  private readonly session: OwnSession;
  private readonly place: string;
  private readonly nonce: string;
  private readonly owner: string;
  private readonly held = new Map<TaskId, Held>();
  private readonly ended = new Set<TaskId>();
  /** When the rights of a role of grants were last seen to be right, on the monotonic clock. */
  private readonly fresh = new Map<string, number>();
  private readonly idle = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private sweeping: ReturnType<TaskRoles["sweep"]> | null = null;

  constructor(options: TaskRolesOptions) {
    this.options = options;
    this.session = new OwnSession({ client: options.client });
    this.place = placeDigest(options.upstream, placeOf(options.terms));
    this.nonce = Buffer.from(options.random(4)).toString("hex");
    this.owner = `cso_${this.place}`;
    // It never rejects.
    const sweep = (): void => void this.sweep().catch(() => undefined);
    this.timer = setInterval(sweep, SWEEP_MS).unref();
    sweep();
  }

  async acquire(task: RoleTask): Promise<Acquired> {
    const known = this.held.get(task.task);
    if (known !== undefined) return known.ending === null ? await known.acquired : ENDED;
    if (this.ended.has(task.task) || !(Date.parse(task.expiresAt) > this.options.now())) return ENDED;
    const { upstream } = this.options;
    const name = `csg_${grantsDigest(this.place, upstream, task.grants)}`;
    const role: GrantRole = {
      name,
      upstream,
      place: this.place,
      levels: task.grants,
      masked: maskedOf(this.options.terms),
    };
    const login = `cst_${task.task.slice("tsk_".length)}_${this.nonce}`;
    const held: Held = { name: login, role, acquired: this.make(task, role, login), ending: null };
    this.held.set(task.task, held);
    const acquired = await held.acquired;
    if (!acquired.ok && this.held.get(task.task) === held && held.ending === null) this.held.delete(task.task);
    return acquired;
  }

  async end(task: TaskId): Promise<RoleEnd> {
    this.remember(task);
    const held = this.held.get(task);
    if (held === undefined) return { confirmed: true, terminated: 0, reason: null };
    held.ending ??= this.endHeld(task, held);
    return await held.ending;
  }

  async refresh(): Promise<void> {
    this.fresh.clear();
    const roles = new Map([...this.held.values()].map(({ role }) => [role.name, role]));
    for (const role of roles.values()) {
      try {
        await this.session.alone(async (query) => this.note(role, await ensureGrantRole(query, role)));
      } catch (error) {
        this.warn(error, "rights of a role are not what its grants mean");
      }
    }
  }

  sweep(): ReturnType<TaskRoles["sweep"]> {
    this.sweeping ??= this.sweepOnce().finally(() => (this.sweeping = null));
    return this.sweeping;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
    await Promise.all([...this.held.keys()].map(async (task) => await this.end(task)));
    await this.session.close();
  }

  private async make(task: RoleTask, role: GrantRole, name: string): Promise<Acquired> {
    const password = Buffer.from(this.options.random(32)).toString("base64url");
    try {
      const isFresh = performance.now() - (this.fresh.get(role.name) ?? -Infinity) < FRESH_MS;
      try {
        await this.create(task, { role, name, password, isFresh });
      } catch (error) {
        // Another gateway may have dropped a role of grants that nobody used.
        if (!isFresh || !isMissing(error)) throw error;
        await this.create(task, { role, name, password, isFresh: false });
      }
      return { ok: true, login: loginOf(task, { user: name, password }, this.limitsOf(task)) };
    } catch (error) {
      this.warn(error, "a task got no login");
      return refusal(error);
    }
  }

  private async create(
    task: RoleTask,
    { role, name, password, isFresh }: { role: GrantRole; name: string; password: string; isFresh: boolean },
  ): Promise<void> {
    const { point, random, upstream } = this.options;
    const { agent, human } = task.chain;
    await this.session.alone(async (query, facts) => {
      if (!isFresh) this.note(role, await ensureGrantRole(query, role));
      const login = {
        name,
        memberOf: role.name,
        verifier: scramVerifier(password, random),
        validUntil: new Date(task.expiresAt).toISOString(),
        limits: this.limitsOf(task),
        application: `countersign ${task.task}`,
        comment: {
          kind: TASK_COMMENT,
          upstream,
          place: this.place,
          point,
          task: task.task,
          agent: agent ?? "",
          human: human ?? "",
        },
      } as const;
      await createLogin(query, login, facts);
    });
  }

  private limitsOf({ limits }: RoleTask): Limits {
    return narrowest([this.options.terms.limits, limits]);
  }

  private async endHeld(task: TaskId, held: Held): Promise<RoleEnd> {
    await held.acquired;
    const timeOut = new AbortController();
    const late = delay(END_MS, { confirmed: false, terminated: 0, reason: "the database takes too long" } as const, {
      signal: timeOut.signal,
      ref: false,
    }).catch(() => NEVER);
    const end = await Promise.race([this.endName(held.name), late]);
    timeOut.abort();
    // What is left of it is swept.
    this.held.delete(task);
    return end;
  }

  private async endName(name: string): Promise<RoleEnd> {
    try {
      const { terminated, kept } = await endLogin(this.session, name, this.owner);
      if (kept === null) return { confirmed: true, terminated, reason: null };
      this.warn(kept, "a role of a task that ended cannot be dropped");
      return { confirmed: true, terminated, reason: `its role is still there, without a login (${codeOf(kept)})` };
    } catch (error) {
      this.warn(error, "a login of a task is not ended yet");
      return { confirmed: false, terminated: 0, reason: `its login is not ended yet (${codeOf(error)})` };
    }
  }

  private async sweepOnce(): ReturnType<TaskRoles["sweep"]> {
    const { place } = this;
    try {
      const isLive = (name: string): boolean => [...this.held.values()].some((held) => held.name === name);
      const names = await this.session.run(
        async (query) => await leftovers(query, { place, point: this.options.point, isLive }),
      );
      let ended = 0;
      for (const name of names) if ((await this.endName(name)).reason === null) ended += 1;
      for (const name of await dropUnused(this.session, place, { idle: this.idle, now: performance.now() }))
        this.fresh.delete(name);
      return { ended, left: names.length - ended };
    } catch (error) {
      this.warn(error, "the database could not be swept");
      return { ended: 0, left: 0 };
    }
  }

  private note({ name }: GrantRole, missing: readonly string[]): void {
    this.fresh.set(name, performance.now());
    if (missing.length > 0)
      this.options.log.warn({ role: name, relations: missing.slice(0, 20), more: missing.length }, "rights not given");
  }

  private remember(task: TaskId): void {
    const [oldest] = this.ended;
    if (this.ended.size >= MOST_ENDED && oldest !== undefined) this.ended.delete(oldest);
    this.ended.add(task);
  }

  /** INV-9: of what the server said only its code and message: no statement, no value. */
  private warn(error: unknown, what: string): void {
    const { upstream } = this.options;
    this.options.log.warn({ upstream, code: codeOf(error), reason: error instanceof Error ? error.message : "" }, what);
  }
}

const ENDED: Acquired = { ok: false, code: "task.ended", reason: "the task has ended" };
const NEVER: RoleEnd = { confirmed: false, terminated: 0, reason: null };

/** What the client asks for at the start does not outweigh the ceiling. */
function loginOf({ chain }: RoleTask, login: Pick<TaskLogin, "user" | "password">, { statementMs }: Limits): TaskLogin {
  const { human, device, agent, task } = chain;
  const time = statementMs === undefined ? {} : { statement_timeout: String(Math.max(1, statementMs)) };
  return { ...login, settings: { "countersign.chain": canonicalJson({ human, device, agent, task }), ...time } };
}

function refusal(error: unknown): Acquired {
  const late = error instanceof Error && /timeout/i.test(error.message);
  return {
    ok: false,
    code: late ? "upstream.timeout" : "upstream.down",
    reason: `the database gave the task no login (${codeOf(error)})`,
  };
}

/** `undefined_object`: a role that is not there. */
function isMissing(error: unknown): boolean {
  return codeOf(error) === "42704";
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "no code";
}
