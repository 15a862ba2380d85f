import type { Chain } from "./chain.ts";
import type { Effect } from "./effect.ts";
import type { JsonObject } from "./json.ts";

/**
 * What is to be done, by its content: the same for a repeat (design 5.2).
 * `argsDigest` = base64url(SHA-256(JCS(arguments))); it never leaves the machine: what is recorded and signed is the salted commitment.
 */
export interface Call {
  readonly upstream: string;
  readonly method: string;
  readonly tool: string;
  /** base64url SHA-256 of the canonical definition that was accepted, or null when the upstream has none. */
  readonly toolDefinitionHash: string | null;
  readonly action: string;
  readonly resource: string;
  readonly effect: Effect;
  readonly arguments: JsonObject;
}

/** The object whose hash is the `callDigest`: SHA-256 over its JCS form, base64url. */
export interface CallDigestInput {
  readonly agent: Chain["agent"];
  readonly task: Chain["task"];
  readonly device: Chain["device"];
  readonly upstream: string;
  readonly method: string;
  readonly tool: string;
  readonly toolDefinitionHash: string | null;
  readonly resource: string;
  readonly argsCommitment: string;
}
