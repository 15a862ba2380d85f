import type { JsonObject } from "@countersign/core";
import type { HookClient, HookEvent } from "@countersign/gateway";
import type { ClientSession, HookReply } from "./client-session.ts";

/** What the hook process says of itself, and what its client gave it. */
export interface HookCall {
  readonly client: HookClient;
  /** Id or name. */
  readonly agent: string;
  readonly home: string;
  /** The process that started the hook. */
  readonly parent: number;
  readonly event: HookEvent;
  readonly payload: JsonObject;
}
export interface SessionsOptions {
  readonly make: (call: HookCall) => ClientSession;
  readonly isAlive: (pid: number) => boolean;
}

const NOTHING: HookReply = { decision: "none" };

/** The sessions of all clients of one user: made when a person or an agent first does something, ended with the client. */
export class ClientSessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, ClientSession>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Answers one hook. Never rejects. */
  async answer(call: HookCall, signal: AbortSignal): Promise<HookReply> {
    const { event } = call;
    if (event.kind === "other" || event.kind === "start") return NOTHING;
    const key = JSON.stringify([call.client, call.agent, event.session]);
    if (event.kind === "before") return await this.#session(key, call).ask(call.payload, event.use, signal);
    if (event.kind === "prompt") this.#session(key, call).note(event.text);
    else if (event.kind === "end") await this.#end(key);
    else
      this.#sessions
        .get(key)
        ?.tell(call.payload)
        .catch(() => undefined);
    return NOTHING;
  }

  /** Ends the sessions whose client is gone. */
  async sweep(): Promise<void> {
    const gone = [...this.#sessions].filter(([, { process }]) => process !== null && !this.#options.isAlive(process));
    await Promise.all(gone.map(async ([key]) => await this.#end(key)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map(async (key) => await this.#end(key)));
  }

  #session(key: string, call: HookCall): ClientSession {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = this.#options.make(call);
    this.#sessions.set(key, session);
    return session;
  }

  async #end(key: string): Promise<void> {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    await session?.end();
  }
}
