import type { IncomingMessage } from "node:http";
import type { Clock, Random } from "@countersign/core";
import { makeProof } from "@countersign/credentials";
import type { Transport } from "../client/transport.ts";
import type { LiveTask } from "./task-link.ts";

const CONNECT_MS = 5000;
/** A call may wait for a human and then for its upstream; the gateway keeps the stream alive in between. */
const ANSWER_MS = 600_000;

export interface GatewayRequest {
  /** By default POST; the others have no body. */
  readonly method?: "POST" | "GET" | "DELETE";
  /** Below the gateway's address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Speaks to the gateway with the credential of a live task, each time with a proof of its own (RFC 9449). */
export class GatewayPost {
  readonly #options: { readonly transport: Transport; readonly now: Clock; readonly random: Random };
  /** The last nonce of the gateway (RFC 9449 section 8). */
  #nonce: string | null = null;

  constructor(options: { readonly transport: Transport; readonly now: Clock; readonly random: Random }) {
    this.#options = options;
  }

  /** One request; a second one when the gateway wants its nonce in the proof. Rejects as the transport does. */
  async post(task: LiveTask, request: GatewayRequest): Promise<IncomingMessage> {
    const first = await this.#once(task, request);
    const wantsNonce = first.statusCode === 401 && String(first.headers["www-authenticate"]).includes("use_dpop_nonce");
    if (!wantsNonce) return first;
    first.resume();
    return await this.#once(task, request);
  }

  async #once({ key, accessToken, gateway }: LiveTask, request: GatewayRequest): Promise<IncomingMessage> {
    const { transport, now, random } = this.#options;
    const { method = "POST", body } = request;
    const url = `${gateway.replace(/\/$/, "")}${request.path}`;
    const proof = makeProof({ key, method, url, accessToken, nonce: this.#nonce, now: now(), random });
    const answered = await transport.send({
      target: { url },
      method,
      headers: { ...request.headers, authorization: `DPoP ${accessToken}`, dpop: proof },
      ...(method === "POST" ? { body } : {}),
      signal: request.signal,
      connectMs: CONNECT_MS,
      answerMs: ANSWER_MS,
    });
    const nonce = answered.headers["dpop-nonce"];
    if (typeof nonce === "string" && nonce !== "") this.#nonce = nonce;
    return answered;
  }
}
