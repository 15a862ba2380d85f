import type { PolicyEst } from "./est.ts";
import type { HoldTerms } from "./evaluator.ts";

export type ReadAnnotations =
  | { readonly ok: true; readonly id: string; readonly hold: HoldTerms | null }
  | { readonly ok: false; readonly message: string };

const HOLD_ANNOTATIONS = ["approvers", "not_requester", "quorum", "expires", "scopes", "authenticator"];
const KNOWN = ["id", "description", "hold", ...HOLD_ANNOTATIONS];
const ID = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;
const APPROVERS = /^(?:owner|role:[a-z][a-z0-9_-]{0,63})$/;
const DURATION = /^([1-9][0-9]{0,5})(s|m|h)$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const REASON_LENGTH = 500;
const DAY_SECONDS = 86_400;

/**
 * Reads the annotations of design 5.1: `@id("…")` (else `fallbackId`), `@description("…")`, and on a `forbid` `@hold("reason")` with
 * `@approvers("owner" | "role:<name>")`, `@not_requester`, `@quorum("1…9")`, `@expires("15m")` (≤ 24 h), `@scopes("once,task")`,
 * `@authenticator("attested" | "other-device")`. What is not known is refused: a misspelt restriction must not vanish.
 */
export function readAnnotations(est: PolicyEst, fallbackId: string): ReadAnnotations {
  const given = new Map(Object.entries(est.annotations ?? {}));
  for (const name of given.keys()) {
    if (!KNOWN.includes(name)) return refuse(`\`@${name}\` is not known; use ${KNOWN.map((known) => `@${known}`).join(" ")}`);
  }
  const id = given.has("id") ? (given.get("id") ?? "") : fallbackId;
  if (!ID.test(id)) return refuse(`\`@id("${id.slice(0, 40)}")\` must be 1 to 128 letters, digits and _ . : / -`);
  if (id.startsWith("builtin:")) return refuse(`\`@id("${id}")\` begins with \`builtin:\`, which is reserved; choose another`);
  if (!given.has("hold")) {
    const lone = HOLD_ANNOTATIONS.find((name) => given.has(name));
    return lone === undefined ? { ok: true, id, hold: null } : refuse(`\`@${lone}\` needs \`@hold("reason")\``);
  }
  if (est.effect === "permit") return refuse("`@hold` stands on a permit; put it on a forbid, which then holds instead of denying");
  return readHold(given, id);
}

function readHold(given: ReadonlyMap<string, string | null>, id: string): ReadAnnotations {
  const text = (name: string, absent: string): string => (given.has(name) ? (given.get(name) ?? "") : absent);
  const reason = text("hold", "");
  if (reason === "" || reason.length > REASON_LENGTH) return refuse("`@hold` needs a reason of 1 to 500 characters");
  const approvers = text("approvers", "owner");
  if (!APPROVERS.test(approvers)) return refuse('`@approvers` must be "owner" or "role:<name>"');
  if (text("not_requester", "") !== "") return refuse("`@not_requester` takes no value");
  const quorum = text("quorum", "1");
  if (!/^[1-9]$/.test(quorum)) return refuse('`@quorum` must be "1" to "9"');
  const expirySeconds = given.has("expires") ? secondsOf(text("expires", "")) : null;
  if (expirySeconds === undefined) return refuse('`@expires` must be a time such as "15m", at most "24h"');
  const scopes = text("scopes", "once").split(",").map((scope) => scope.trim());
  if (new Set(scopes).size !== scopes.length || !scopes.every(isScope)) {
    return refuse('`@scopes` must be "once", "task" or "once,task"');
  }
  const authenticator = given.has("authenticator") ? text("authenticator", "") : "any";
  if (!isAuthenticator(authenticator) || (authenticator === "any" && given.has("authenticator"))) {
    return refuse('`@authenticator` must be "attested" or "other-device"');
  }
  const notRequester = given.has("not_requester");
  const hold = { reason, approvers, notRequester, quorum: Number(quorum), expirySeconds, scopes, authenticator } as const;
  return { ok: true, id, hold };
}

function isScope(scope: string): scope is "once" | "task" {
  return scope === "once" || scope === "task";
}

function isAuthenticator(text: string): text is HoldTerms["authenticator"] {
  return text === "any" || text === "attested" || text === "other-device";
}

function secondsOf(text: string): number | undefined {
  const [, count = "", unit = ""] = DURATION.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 0);
  return seconds > 0 && seconds <= DAY_SECONDS ? seconds : undefined;
}

function refuse(message: string): ReadAnnotations {
  return { ok: false, message };
}
