import type { PolicyEst } from "./est.ts";
import type { HoldTerms } from "./evaluator.ts";

export type ReadAnnotations =
  | { readonly ok: true; readonly id: string; readonly hold: HoldTerms | null }
  | { readonly ok: false; readonly message: string };

const HOLD_ANNOTATIONS = ["approvers", "not_requester", "quorum", "expires", "scopes", "authenticator"];
const KNOWN = ["id", "description", "hold", ...HOLD_ANNOTATIONS];
const ID = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;
const APPROVERS: readonly string[] = ["owner", "role:admin", "role:auditor"];
const DURATION = /^([1-9][0-9]{0,5})(s|m|h)$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const REASON_LENGTH = 500;
const DAY_SECONDS = 86_400;

/**
 * Reads the annotations of design 5.1: `@id("…")` (else `fallbackId`), `@description("…")`, and on a `forbid` `@hold("reason")` with
 * `@approvers("owner" | "role:<name>")`, `@not_requester`, `@quorum("1…9")`, `@expires("15m")` (≤ 24 h), `@scopes("once,task")`.
 * Where more than the requester must sign and no approvers are named, administrators do.
 *
 * What is not known is refused: a misspelt restriction must not vanish. So is what cannot be honoured: a hold that nobody could ever
 * sign, and `@authenticator`, because no passkey's make or place is proved here.
 */
export function readAnnotations(est: PolicyEst, fallbackId: string): ReadAnnotations {
  const given = new Map(Object.entries(est.annotations ?? {}));
  for (const name of given.keys()) {
    if (!KNOWN.includes(name))
      return refuse(`\`@${name}\` is not known; use ${KNOWN.map((known) => `@${known}`).join(" ")}`);
  }
  const id = given.has("id") ? (given.get("id") ?? "") : fallbackId;
  if (!ID.test(id)) return refuse(`\`@id("${id.slice(0, 40)}")\` must be 1 to 128 letters, digits and _ . : / -`);
  if (id.startsWith("builtin:"))
    return refuse(`\`@id("${id}")\` begins with \`builtin:\`, which is reserved; choose another`);
  if (!given.has("hold")) {
    const lone = HOLD_ANNOTATIONS.find((name) => given.has(name));
    return lone === undefined ? { ok: true, id, hold: null } : refuse(`\`@${lone}\` needs \`@hold("reason")\``);
  }
  if (est.effect === "permit")
    return refuse("`@hold` stands on a permit; put it on a forbid, which then holds instead of denying");
  return readHold(given, id);
}

/** Annotation, what its value must pass, and what to say when it does not. */
const RULES: readonly (readonly [string, (text: string) => boolean, string])[] = [
  ["hold", (text) => text !== "" && text.length <= REASON_LENGTH, "`@hold` needs a reason of 1 to 500 characters"],
  [
    "approvers",
    (text) => APPROVERS.includes(text),
    '`@approvers` must be "owner", "role:admin" or "role:auditor"; nobody has another role',
  ],
  ["not_requester", (text) => text === "", "`@not_requester` takes no value"],
  ["quorum", (text) => /^[1-9]$/.test(text), '`@quorum` must be "1" to "9"'],
  ["expires", (text) => isTime(secondsOf(text)), '`@expires` must be a time such as "15m", at most "24h"'],
  ["scopes", (text) => scopesOf(text).length > 0, '`@scopes` must be "once", "task" or "once,task"'],
  [
    "authenticator",
    () => false,
    "`@authenticator` cannot be honoured: no passkey proves its make or on which device it signs; use `@approvers` or `@quorum`",
  ],
];

function readHold(given: ReadonlyMap<string, string | null>, id: string): ReadAnnotations {
  const broken = RULES.find(([name, fits]) => given.has(name) && !fits(given.get(name) ?? ""));
  if (broken !== undefined) return refuse(broken[2]);
  const quorum = Number(given.get("quorum") ?? "1");
  const notRequester = given.has("not_requester");
  const approvers = given.get("approvers") ?? (quorum > 1 || notRequester ? "role:admin" : "owner");
  const unsignable = approvers === "owner" ? whyOwnerCannotSign(quorum, notRequester) : null;
  if (unsignable !== null) return refuse(unsignable);
  const hold: HoldTerms = {
    reason: given.get("hold") ?? "",
    approvers,
    notRequester,
    quorum,
    expirySeconds: secondsOf(given.get("expires") ?? null),
    scopes: scopesOf(given.get("scopes") ?? "once"),
    authenticator: "any",
  };
  return { ok: true, id, hold };
}

function whyOwnerCannotSign(quorum: number, notRequester: boolean): string | null {
  if (notRequester)
    return '`@approvers("owner")` with `@not_requester` can be signed by nobody: the owner is the requester';
  if (quorum > 1) return '`@approvers("owner")` with a `@quorum` can never be reached: the owner is one person';
  return null;
}

/** The scopes of a comma list; empty when the list is not in order. */
function scopesOf(text: string): HoldTerms["scopes"] {
  const names = text.split(",").map((name) => name.trim());
  const scopes = names.filter((name) => name === "once" || name === "task");
  return scopes.length === names.length && new Set(names).size === names.length ? scopes : [];
}

function secondsOf(text: string | null): number | null {
  if (text === null) return null;
  const [, count = "", unit = ""] = DURATION.exec(text) ?? [];
  return Number(count) * (SECONDS[unit] ?? 0);
}

function isTime(seconds: number | null): boolean {
  return seconds !== null && seconds > 0 && seconds <= DAY_SECONDS;
}

function refuse(message: string): ReadAnnotations {
  return { ok: false, message };
}
