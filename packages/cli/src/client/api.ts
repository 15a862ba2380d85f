import type { JsonObject } from "@countersign/core";
import type { Places } from "./places.ts";
import type { StoredSession } from "./session-file.ts";
import type { Transport } from "./transport.ts";

/**
 * Who calls: `anyone` without a credential; `session` with the person's session; `near` through the control socket when it is
 * there, else with the session; `local` only through the control socket.
 */
export type Caller = "anyone" | "session" | "near" | "local";
export interface ApiCall {
  readonly as: Caller;
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answerMs?: number;
  readonly limitBytes?: number;
}
export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

/** The one way in which a command talks to its control plane. */
export interface Client {
  readonly places: Places;
  readonly transport: Transport;
  /** The address of the control plane: what proofs are made for. */
  server(): Promise<string>;
  /** The person's session, also when its request was approved since; null when nobody is signed in here. */
  session(): Promise<StoredSession | null>;
  /** A 2xx answer. Everything else is thrown as the AppError that the control plane named. */
  raw(call: ApiCall): Promise<Answer>;
  /** The same, read as a JSON object; an empty answer is an empty object. */
  json(call: ApiCall): Promise<JsonObject>;
  close(): void;
}
