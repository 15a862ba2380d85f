import type { JsonObject } from "@countersign/core";

/** A task's credential, and where its agent acts: what the agents are told by whoever opened it. */
export interface Work {
  /** Unique; one call at a time is made under it. */
  readonly name: string;
  readonly human: string;
  readonly device: string;
  readonly agent: string;
  readonly task: string;
  readonly gateway: string;
  readonly accessToken: string;
  /** JWK of the task's key. */
  readonly key: JsonObject;
}

/**
 * To the agents: begin this (in place of what has the same name); whoever rests because it was stopped tries once more; end.
 */
export type Told = { readonly work: Work } | { readonly retry: true } | { readonly end: true };
