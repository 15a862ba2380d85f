/**
 * The one catalogue of codes. A refusal of an enforcement point and an error of the control plane both carry a row of it.
 * `status` is the HTTP status, `title` one lower-case clause, `retryable` tells whether the same request may pass later
 * without anything being changed first.
 */
export interface CodeRow {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

/** Refusals of an action: `<step>.<reason>`, fixed by the outside surface. */
export const REFUSALS = {
  "brake.frozen": { status: 403, title: "a freeze covers this action", retryable: false },
  "brake.severed": { status: 403, title: "the task was severed", retryable: false },
  "credential.missing": { status: 401, title: "no credential was presented", retryable: false },
  "credential.not_canonical": { status: 401, title: "the token is not in canonical base64url form", retryable: false },
  "credential.not_bound": { status: 401, title: "the token is not bound to the key of the proof", retryable: false },
  "credential.replayed": { status: 401, title: "the proof was used before", retryable: false },
  "credential.wrong_method": { status: 401, title: "the proof names another method", retryable: false },
  "credential.wrong_url": { status: 401, title: "the proof names another address", retryable: false },
  "credential.wrong_key": { status: 401, title: "the signature does not fit the key", retryable: false },
  "credential.wrong_audience": { status: 401, title: "the token is for another audience", retryable: false },
  "credential.expired": { status: 401, title: "the credential has ended", retryable: false },
  "human.inactive": { status: 403, title: "the human behind this action is not active", retryable: false },
  "device.unknown": { status: 403, title: "the device is not enrolled", retryable: false },
  "device.stale": { status: 403, title: "the device has not reported its posture in time", retryable: false },
  "device.unhealthy": { status: 403, title: "the device does not meet the required level", retryable: false },
  "agent.inactive": { status: 403, title: "the agent is not active", retryable: false },
  "agent.owner_lost": { status: 403, title: "the owner of the agent has left", retryable: false },
  "task.unknown": { status: 403, title: "no such task", retryable: false },
  "task.ended": { status: 403, title: "the task has ended", retryable: false },
  "task.no_human": { status: 403, title: "nobody is signed in and no mandate applies", retryable: false },
  "grant.missing": { status: 403, title: "no grant of the task covers this action", retryable: false },
  "critical.unsigned": {
    status: 403,
    title: "the resource is critical and needs a signature each time",
    retryable: false,
  },
  "policy.none": { status: 403, title: "no policy permits this action", retryable: false },
  "policy.denied": { status: 403, title: "a policy forbids this action", retryable: false },
  "policy.error": { status: 403, title: "a policy could not be evaluated", retryable: false },
  "risk.suspended": { status: 403, title: "the risk of this chain is too high", retryable: false },
  "countersignature.required": { status: 403, title: "a human must countersign this action", retryable: false },
  "countersignature.used": { status: 403, title: "the countersignature was used already", retryable: false },
  "countersignature.expired": { status: 403, title: "the countersignature has ended", retryable: false },
  "countersignature.void": { status: 403, title: "the countersignature no longer holds", retryable: false },
  "countersignature.too_many": { status: 403, title: "more was asked than a human can read", retryable: true },
  "lease.lost": { status: 503, title: "the enforcement point has lost its lease", retryable: true },
  "ledger.unavailable": { status: 503, title: "the ledger cannot be written", retryable: true },
  "tool.unknown": { status: 404, title: "no such tool", retryable: false },
  "tool.definition_changed": {
    status: 403,
    title: "the definition of the tool changed and was not accepted",
    retryable: false,
  },
  "upstream.unknown": { status: 404, title: "no such upstream", retryable: false },
  "upstream.down": { status: 502, title: "the upstream cannot be reached", retryable: true },
  "upstream.timeout": { status: 504, title: "the upstream did not answer in time", retryable: true },
  "upstream.garbage": {
    status: 502,
    title: "the upstream answered with something that is not the protocol",
    retryable: false,
  },
  "input.too_large": { status: 413, title: "the input is too large", retryable: false },
  "input.too_deep": { status: 400, title: "the input is nested too deeply", retryable: false },
  "input.duplicate_key": { status: 400, title: "an object names a key twice", retryable: false },
  "input.invalid_json": { status: 400, title: "the input is not valid JSON", retryable: false },
  "input.number_not_exact": { status: 400, title: "a number does not survive a round trip", retryable: false },
  "input.not_sql": { status: 400, title: "the text is no SQL that PostgreSQL takes", retryable: false },
  "hold.unsupported_here": {
    status: 403,
    title: "an action that needs a signature cannot be held here",
    retryable: false,
  },
} as const;

/** Errors of the control plane and the command line. */
export const FAULTS = {
  "request.invalid": { status: 400, title: "the request does not have the required form", retryable: false },
  "request.unauthenticated": { status: 401, title: "sign in first", retryable: false },
  "request.forbidden": { status: 403, title: "this caller may not do that", retryable: false },
  "request.not_found": { status: 404, title: "no such thing", retryable: false },
  "request.conflict": { status: 409, title: "the state changed meanwhile", retryable: true },
  "request.too_many": { status: 429, title: "too many requests", retryable: true },
  "request.wrong_origin": { status: 403, title: "the request comes from another origin", retryable: false },
  "setup.closed": { status: 403, title: "the set-up link is used or has ended", retryable: false },
  "webauthn.refused": { status: 403, title: "the passkey response was refused", retryable: false },
  "approval.not_pending": { status: 409, title: "the approval is no longer pending", retryable: false },
  "approval.not_approver": { status: 403, title: "this person may not approve this", retryable: false },
  "approval.changed": { status: 409, title: "what was to be signed changed meanwhile", retryable: false },
  "human.last_admin": { status: 409, title: "nobody else could sign as an administrator", retryable: false },
  "brake.unknown_scope": { status: 404, title: "the scope of the stop names nothing that exists", retryable: false },
  "join.refused": { status: 403, title: "the join token is unknown, was used or has ended", retryable: false },
  "join.other_bundle": {
    status: 403,
    title: "the server's trust bundle is not the one that the join token names",
    retryable: false,
  },
  "svid.malformed": { status: 401, title: "the certificate is not of the form of an identity", retryable: false },
  "svid.untrusted": { status: 401, title: "no authority of the trust bundle signed the certificate", retryable: false },
  "svid.other_domain": { status: 401, title: "the certificate is of another trust domain", retryable: false },
  "svid.not_of_task": { status: 401, title: "the certificate is not that of a task", retryable: false },
  "svid.expired": { status: 401, title: "the certificate has ended or has not begun", retryable: false },
  "point.in_use": { status: 409, title: "another process holds the identity of this point", retryable: true },
  "point.left": { status: 409, title: "the point was taken for gone; it must join again", retryable: true },
  "point.unknown": { status: 403, title: "no such enforcement point, or it was removed", retryable: false },
  "point.clock": { status: 403, title: "the clocks of point and server differ too much", retryable: false },
  "link.malformed": { status: 400, title: "a message of the link does not have the required form", retryable: false },
  "lease.behind": { status: 503, title: "the server knows less than the point has applied", retryable: true },
  "spool.unsigned": { status: 403, title: "the run of a spool lacks the signature of its point", retryable: true },
  "spool.refused": { status: 403, title: "the spool holds what may not be spooled", retryable: false },
  "spool.gap": { status: 409, title: "frames are missing before this run of a spool", retryable: false },
  "spool.forked": { status: 409, title: "the spool contradicts what was merged of it before", retryable: false },
  "spool.stopped": { status: 409, title: "nothing more of this spool is merged", retryable: false },
  "config.invalid": { status: 400, title: "the configuration is not valid", retryable: false },
  "config.secret_literal": { status: 400, title: "a secret stands in the configuration as text", retryable: false },
  "data.in_use": { status: 409, title: "the data directory is in use by another process", retryable: false },
  "data.damaged": { status: 500, title: "the database is damaged", retryable: false },
  "data.unsigned": { status: 500, title: "stored state lacks the signature that it needs", retryable: false },
  "data.full": { status: 507, title: "the disk is full", retryable: true },
  "ledger.damaged": { status: 500, title: "the ledger is damaged", retryable: false },
  "listen.in_use": { status: 409, title: "the address is in use", retryable: false },
  "listen.unsafe": { status: 400, title: "listening beyond loopback needs TLS", retryable: false },
  "policy.invalid": { status: 400, title: "the policy text is not valid", retryable: false },
  "server.unreachable": { status: 503, title: "the control plane cannot be reached", retryable: true },
  "internal.error": { status: 500, title: "something failed inside", retryable: true },
} as const;

export type RefusalCode = keyof typeof REFUSALS;
export type FaultCode = keyof typeof FAULTS;
export type Code = RefusalCode | FaultCode;

export function codeRow(code: Code): CodeRow {
  return code in REFUSALS ? REFUSALS[code as RefusalCode] : FAULTS[code as FaultCode];
}

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** One clause for the person: what is wrong with which input, and what to do next. Never a secret. */
  readonly detail?: string;
  /** Further members for the problem document. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error type that is thrown on purpose. A deny is a value, not an error. */
export class AppError extends Error {
  readonly code: Code;
  readonly detail: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, options: AppErrorOptions = {}) {
    super(options.detail ?? codeRow(code).title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.detail = options.detail;
    this.details = options.details ?? {};
  }
}

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: Code;
  readonly detail?: string;
  readonly [member: string]: unknown;
}

export function problemOf(error: AppError): Problem {
  const { status, title } = codeRow(error.code);
  return {
    type: `urn:countersign:error:${error.code}`,
    title,
    status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...error.details,
  };
}
