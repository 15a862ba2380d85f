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

/** Most resources of one call: each of them is judged and stands in the ledger. */
export const MOST_RESOURCES = 100;
const RESOURCES_BYTES = 24 * 1024;

/** True when the names are more than a call may have, by their number or, as JSON, beside all else in one leaf of the ledger. */
export function tooManyResources(names: readonly string[]): boolean {
  if (names.length > MOST_RESOURCES) return true;
  return names.length > 1 && new TextEncoder().encode(JSON.stringify(names)).length > RESOURCES_BYTES;
}

/** The member `resources`, where there is one: what has a single resource is written as ever. */
export function severalOf({ resources }: Pick<Call, "resources">): Pick<Call, "resources"> {
  return resources === undefined ? {} : { resources };
}

/** The method of a call that the agent's client carries out with its own hands (shell, editor) once its hook is answered. */
export const HOOK_METHOD = "hook";

export function isOwnHands({ method }: Pick<Call, "method">): boolean {
  return method === HOOK_METHOD;
}

/** Methods of calls to a database: a statement, and the trial of one (`sql.preview`). */
export const SQL_METHOD = "sql";

export function isStatement({ method }: Pick<Call, "method">): boolean {
  return method === SQL_METHOD || method.startsWith(`${SQL_METHOD}.`);
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
  /** Only where the call has several. */
  readonly resources?: readonly string[];
  readonly argsCommitment: string;
  /** Only where a human was shown what the call would do: the commitment to that, under the same salt. */
  readonly preview?: string;
}
