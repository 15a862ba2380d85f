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
  /** All resources, `resource` among them, of a call that has several: each of them must pass. */
  readonly resources?: readonly string[];
  readonly effect: Effect;
  readonly arguments: JsonObject;
}

/** The method of a call that the agent's client carries out with its own hands (shell, editor) once its hook is answered. */
export const HOOK_METHOD = "hook";

export function isOwnHands({ method }: Pick<Call, "method">): boolean {
  return method === HOOK_METHOD;
}

/**
 * The names by which a stop finds a call: all that it touches, and for the agent's own hands also whatever lies below, because a
 * command that names a folder may reach everything in it.
 */
export function reached(call: Pick<Call, "method" | "resource" | "resources">): readonly string[] {
  const names = call.resources ?? [call.resource];
  if (!isOwnHands(call)) return names;
  return names.flatMap((name) => (name.endsWith("/**") ? [name] : [name, `${name}/**`]));
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
