import { AppError, isJsonObject, type Json, type JsonObject, type Runtime, type TaskId } from "@countersign/core";
import { generateSigningKey, signEvidence, signKeyProof, type SigningKey } from "@countersign/credentials";
import { numberAt, objectAt, textAt } from "../client/fields.ts";
import { agentNamed } from "../client/resolve-names.ts";
import { dropSession, type StoredSession } from "../client/session-file.ts";
import { requestSignIn, type SignInContext } from "../client/sign-in.ts";
import type { Workload } from "../mandate/workload.ts";
import { type LocalRefusal, refusalOf } from "./local-refusal.ts";

export interface TaskLinkOptions {
  readonly context: SignInContext;
  /** Id or name; null: a task of the person's own is joined. */
  readonly agent: string | null;
  /** Null: what the mandate says. */
  readonly purpose: string | null;
  /** A task that was opened before, to be joined; null: one is opened for this client. */
  readonly task: TaskId | null;
  /** Opens the task instead of a person's session; null: a person works. */
  readonly workload?: Workload | null;
  /** Name or address of the gateway to go through; absent: the server's own. */
  readonly gateway?: string | undefined;
  /** Further terms of a task that is opened: grants, how long it lasts. */
  readonly terms?: JsonObject;
  readonly runtime: () => Promise<Runtime | null>;
  /** Tells the control plane how this device is, before it is asked for a task. */
  readonly reportPosture: () => Promise<void>;
}
/** A task with the credential that its key holds (INV-4: both are in memory only). Times in Unix milliseconds. */
export interface LiveTask {
  readonly id: TaskId;
  readonly key: SigningKey;
  /** Base address of the gateway. */
  readonly gateway: string;
  readonly accessToken: string;
  /** PEM: the certificate of the task for TLS, and whom gateways are to be signed by; null from a control plane that gives none. */
  readonly tls: { readonly svid: string; readonly trustBundle: string } | null;
  /** When the task ends by itself, RFC 3339; null for one that was joined. */
  readonly endsAt: string | null;
  /** The PostgreSQL that the gateway guards; null: none. */
  readonly postgres: PostgresPlace | null;
  readonly renewAt: number;
  readonly expiresAt: number;
}
/** A PostgreSQL behind a gateway. */
export interface PostgresPlace {
  /** `host:port`. */
  readonly address: string;
  /** SPIFFE ID that it has to show. */
  readonly identity: string;
  /** Guarded databases that the task's grants speak of. */
  readonly databases: readonly string[];
}
export type Link =
  | { readonly ok: true; readonly task: LiveTask }
  | { readonly ok: false; readonly refusal: LocalRefusal };

/** Causes after which a fresh task is opened for later calls: nobody meant to stop it. */
const RAN_OUT = new Set<Json>(["idle", "expired"]);
/** The session is not one any more: somebody has to sign in. */
const NO_SESSION = new Set([
  "request.unauthenticated",
  "credential.expired",
  "credential.wrong_key",
  "credential.not_bound",
]);
const END_MS = 2000;
const nobody = (): AppError => new AppError("task.no_human", { detail: "nobody is signed in on this device" });

/**
 * The task of one client: opened with the person's session when it is first needed, its token renewed before it ends, another one
 * opened when it ran out; none after a stop. A missing link of the chain is an answer, never a rejection.
 */
export class TaskLink {
  readonly #options: TaskLinkOptions;
  #task: LiveTask | null = null;
  /** Why no other task is opened. */
  #over: LocalRefusal | null = null;
  #agent: string | null = null;
  #opening: Promise<Link> | null = null;
  #renewing: Promise<LocalRefusal | null> | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: TaskLinkOptions) {
    this.#options = options;
  }

  /** The task under which calls go now; null while there is none. */
  get task(): TaskId | null {
    return this.#task?.id ?? null;
  }

  /** The task to act under. `asks`: when nobody is signed in, the refusal carries the page on which a person signs in. */
  async live(asks: boolean): Promise<Link> {
    await this.#looking;
    const unrenewed = await this.#renewWhenDue();
    if (this.#task !== null)
      return unrenewed === null ? { ok: true, task: this.#task } : { ok: false, refusal: unrenewed };
    if (this.#over !== null) return { ok: false, refusal: this.#over };
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    const opened = await this.#opening;
    // Nobody is there to sign in for unattended work: its refusal says what its mandate lacks.
    if (opened.ok || !asks || this.#workload !== null || opened.refusal.code !== "task.no_human") return opened;
    return { ok: false, refusal: await this.#askToSignIn() };
  }

  /** The gateway did not take the token: the next call renews it first. */
  expired(task: LiveTask): void {
    if (this.#task?.accessToken === task.accessToken) this.#task = { ...this.#task, renewAt: 0, expiresAt: 0 };
  }

  /** The gateway said that the task has ended. When it ran out by itself, later calls get another. */
  ended(id: TaskId): void {
    if (this.#task?.id !== id || !this.#opensAnother) return;
    this.#looking = this.#ranOut(id).then((ranOut) => {
      if (ranOut && this.#task?.id === id) this.#task = null;
    });
  }

  /** A task that was joined is not replaced, nor is one of unattended work: whoever starts it again opens the next. */
  get #opensAnother(): boolean {
    return this.#options.task === null && this.#workload === null;
  }

  get #through(): JsonObject {
    const { gateway } = this.#options;
    return gateway === undefined ? {} : { gateway };
  }

  get #workload(): Workload | null {
    return this.#options.workload ?? null;
  }

  /** Ends the task that was opened for this client; a task that was joined goes on. Never rejects. */
  async end(): Promise<void> {
    const { context, task: joined } = this.#options;
    if (this.#opening !== null) await Promise.race([this.#opening, context.cli.pause(END_MS)]);
    const task = this.#task;
    if (task === null || joined !== null) return;
    this.#task = null;
    const body = { keyProof: await this.#keyProof(task.key, task.id) };
    await context.client
      .raw({ as: "anyone", path: `/v1/tasks/${task.id}/end`, body, answerMs: END_MS })
      .catch(() => undefined);
  }

  async #open(): Promise<Link> {
    const { context, task, reportPosture } = this.#options;
    let session: StoredSession | null = null;
    try {
      session = this.#workload === null ? await context.client.session() : null;
      if (session === null && this.#workload === null) throw nobody();
      await reportPosture();
      this.#task = task === null ? await this.#openNew() : await this.#join(task);
      return { ok: true, task: this.#task };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (this.#workload !== null || !NO_SESSION.has(error.code)) return { ok: false, refusal: refusalOf(error) };
      if (session !== null) dropSession(await context.client.server(), session, context.cli.env);
      return { ok: false, refusal: refusalOf(nobody()) };
    }
  }

  async #openNew(): Promise<LiveTask> {
    const { context, purpose, runtime, terms = {} } = this.#options;
    const workload = this.#workload;
    const agent = workload === null ? await this.#agentId() : this.#named;
    const key = generateSigningKey();
    const ran = await runtime();
    const body: JsonObject = {
      ...terms,
      agent,
      ...(purpose === null ? {} : { purpose }),
      keyProof: await this.#keyProof(key, agent),
      ...(ran === null ? {} : { runtime: { ...ran } }),
      ...(workload === null ? {} : { under: await this.#under(workload, key) }),
      ...this.#through,
    };
    const opened = await context.client.json({ as: workload === null ? "session" : "anyone", path: "/v1/tasks", body });
    const gateway = textAt(opened, "gateway");
    const id = textAt(opened, "id") as TaskId;
    const endsAt = typeof opened["expiresAt"] === "string" ? opened["expiresAt"] : null;
    return this.#credential(objectAt(opened, "token"), { id, key, gateway, endsAt, postgres: postgresAt(opened) });
  }

  /** The mandate, and the proof of the device that it names: made for this one key, with how the device is now. */
  async #under({ mandate, device }: Workload, { jkt }: SigningKey): Promise<JsonObject> {
    const { client, cli } = this.#options.context;
    const { id, key, posture } = await device();
    const now = cli.now();
    return {
      mandate,
      deviceProof: signKeyProof(key, { purpose: "workload", audience: await client.server(), nonce: jkt, now }),
      evidence: signEvidence(key, { device: id, posture: await posture(), nonce: null, now }),
    };
  }

  async #join(id: TaskId): Promise<LiveTask> {
    const { client } = this.#options.context;
    const { agent } = await client.json({ as: "session", path: `/v1/tasks/${id}` });
    const of = isJsonObject(agent) ? agent["id"] : agent;
    if (of !== (this.#options.agent === null ? null : await this.#agentId())) {
      throw new AppError("request.conflict", {
        detail: `the task \`${id}\` is of another agent than \`${this.#options.agent ?? "none"}\``,
      });
    }
    const key = generateSigningKey();
    const ran = await this.#options.runtime();
    const body: JsonObject = {
      keyProof: await this.#keyProof(key, id),
      ...(ran === null ? {} : { runtime: { ...ran } }),
      ...this.#through,
    };
    const token = await client.json({ as: "session", path: `/v1/tasks/${id}/token`, body });
    return this.#credential(token, {
      id,
      key,
      gateway: textAt(token, "gateway"),
      endsAt: null,
      postgres: postgresAt(token),
    });
  }

  get #named(): string {
    const { agent } = this.#options;
    if (agent === null) throw new AppError("request.invalid", { detail: "no agent was named" });
    return agent;
  }

  async #agentId(): Promise<string> {
    this.#agent ??= textAt(await agentNamed(this.#options.context.client, this.#named, "session"), "id");
    return this.#agent;
  }

  /** A token that still holds is used while the next one is on its way; what went wrong shows when it has ended. */
  async #renewWhenDue(): Promise<LocalRefusal | null> {
    const now = this.#options.context.cli.now();
    if (this.#task === null || this.#task.renewAt > now) return null;
    const renewal = this.#renew();
    if (this.#task.expiresAt <= now) return await renewal;
    renewal.catch(() => undefined);
    return null;
  }

  /** One renewal at a time. Null: renewed. A refusal with the task still there: the control plane did not answer. */
  async #renew(): Promise<LocalRefusal | null> {
    this.#renewing ??= this.#renewNow().finally(() => {
      this.#renewing = null;
    });
    return await this.#renewing;
  }

  async #renewNow(): Promise<LocalRefusal | null> {
    const task = this.#task;
    if (task === null) return null;
    try {
      const body = { keyProof: await this.#keyProof(task.key, task.id), ...this.#through };
      const token = await this.#options.context.client.json({ as: "anyone", path: `/v1/tasks/${task.id}/token`, body });
      if (this.#task?.id === task.id) this.#task = this.#credential(token, { ...task, postgres: postgresAt(token) });
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const refusal = refusalOf(error);
      if (error.code === "server.unreachable") return refusal;
      const again = error.code === "task.ended" && this.#opensAnother && (await this.#ranOut(task.id));
      if (!again) this.#over = refusal;
      this.#task = null;
      return refusal;
    }
  }

  async #ranOut(id: TaskId): Promise<boolean> {
    const { client, cli } = this.#options.context;
    try {
      const task = await client.json({ as: "session", path: `/v1/tasks/${id}` });
      const over = Date.parse(textAt(task, "expiresAt")) <= cli.now();
      return task["status"] === "live" ? over : RAN_OUT.has(task["cause"] ?? null);
    } catch (error) {
      // The person's session has ended and the task with it: whoever signs in next may go on.
      return error instanceof AppError && NO_SESSION.has(error.code);
    }
  }

  async #askToSignIn(): Promise<LocalRefusal> {
    try {
      return refusalOf(nobody(), await requestSignIn(this.#options.context));
    } catch (error) {
      if (error instanceof AppError) return refusalOf(error);
      throw error;
    }
  }

  async #keyProof(key: SigningKey, nonce: string): Promise<string> {
    const { client, cli } = this.#options.context;
    return signKeyProof(key, { purpose: "task", audience: await client.server(), nonce, now: cli.now() });
  }

  #credential(token: JsonObject, of: Pick<LiveTask, "id" | "key" | "gateway" | "endsAt" | "postgres">): LiveTask {
    const lasts = numberAt(token, "expiresIn") * 1000;
    const now = this.#options.context.cli.now();
    const { id, key, gateway, endsAt, postgres } = of;
    const { svid, trustBundle } = token;
    return {
      id,
      key,
      gateway,
      endsAt,
      postgres,
      // A person's own task has the certificate alone.
      accessToken: this.#options.agent === null ? "" : textAt(token, "accessToken"),
      tls: typeof svid === "string" && typeof trustBundle === "string" ? { svid, trustBundle } : null,
      renewAt: now + lasts * 0.6,
      expiresAt: now + lasts * 0.95,
    };
  }
}

function postgresAt({ postgres }: JsonObject): PostgresPlace | null {
  if (!isJsonObject(postgres) || !Array.isArray(postgres["databases"])) return null;
  const databases = (postgres["databases"] as readonly Json[]).filter((name) => typeof name === "string");
  return { address: textAt(postgres, "address"), identity: textAt(postgres, "identity"), databases };
}
