import type { ServerResponse } from "node:http";
import { AppError, type FaultCode, type Refusal, type RefusalCode, problemOf } from "@countersign/core";
import { refusalProblem } from "../mcp/index.ts";

/** What the gateway answers to a hook. `none`: there is nothing to judge; the client does as it would without a hook. */
export type HookVerdict =
  | { readonly decision: "permit" | "none" }
  | { readonly decision: "deny" | "hold"; readonly text: string; readonly refusal: Refusal };

/** The HTTP response to one hook. Written once; what comes later is dropped. */
export class HookAnswer {
  readonly #response: ServerResponse;
  readonly #done: () => void;

  /** `done` is called once it was answered, or when the client went away. */
  constructor(response: ServerResponse, done: () => void) {
    this.#response = response;
    this.#done = done;
  }

  get open(): boolean {
    return !this.#response.headersSent && !this.#response.destroyed;
  }

  verdict(verdict: HookVerdict): void {
    this.#end(200, verdict);
  }

  /** A refusal for the credential: HTTP says what to do about it. */
  unauthorized(refusal: Refusal, headers: Readonly<Record<string, string>>): void {
    this.#end(401, refusalProblem(refusal), headers);
  }

  problem(code: FaultCode | RefusalCode, detail: string): void {
    const document = problemOf(new AppError(code, { detail }));
    this.#end(document.status, document);
  }

  #end(status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
    if (!this.open) return;
    const type = status === 200 ? "application/json" : "application/problem+json";
    this.#response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
    this.#response.end(JSON.stringify(body));
    this.#done();
  }
}
