import type { ChosenBound } from "./bound-words.ts";
import { digestOf, jcs } from "./jcs.ts";

const APPROVAL_CONTEXT = "countersign-approval-v1\n";
type Members = Readonly<Record<string, unknown>>;

/** What is about to be signed, and what this page knows itself. */
export interface Signing {
  readonly signed: Members;
  readonly challenge: string;
  readonly display: Members;
  readonly decision: string;
  /** What the person chose to sign for the task; null: once. */
  readonly bound: ChosenBound | null;
  readonly approver: string;
  readonly origin: string;
}

/**
 * The page's own check before the authenticator is called (INV-5): the challenge is the digest of `signed`, `signed` names the digest
 * of exactly what stands on this page, and it is this answer by this person on this site. Null when all holds, else why not.
 */
export async function whyNotSign(signing: Signing): Promise<string | null> {
  const { signed, bound } = signing;
  const display = bound === null ? signing.display : { ...signing.display, bound };
  if ((await digestOf(signed, APPROVAL_CONTEXT)) !== signing.challenge) {
    return "The challenge is not the digest of what would be signed.";
  }
  if ((await digestOf(display)) !== signed["previewDigest"]) return "What would be signed is not what this page shows.";
  const expected: Members = {
    decision: signing.decision,
    ...(bound === null ? { scope: "once", uses: 1 } : { scope: "task", uses: bound.uses }),
    approver: signing.approver,
    origin: signing.origin,
    effect: display["effect"],
    holds: display["holds"],
    human: idOf(display["human"]),
    device: idOf(display["device"]),
    agent: idOf(display["agent"]),
    task: idOf(display["task"]),
  };
  for (const [name, value] of Object.entries(expected)) {
    if (jcs(signed[name] ?? null) !== jcs(value ?? null))
      return `What would be signed names another ${name} than this page.`;
  }
  return isBoundAsShown(signed, display, bound) ? null : "What would be signed covers other calls than this page says.";
}

/** The bound under the signature is the one in words on the page: same tool, resource and effect, these arguments, this long. */
function isBoundAsShown(signed: Members, display: Members, bound: ChosenBound | null): boolean {
  if (bound === null) return !("bound" in signed);
  const { seconds, fixed, free } = bound;
  const { upstream, tool, resource, effect, ...rest } = (signed["bound"] ?? {}) as Members;
  const lasts = Date.parse(String(signed["expiresAt"])) - Date.parse(String(signed["notBefore"]));
  return (
    !("callDigest" in signed) &&
    lasts === seconds * 1000 &&
    display["action"] === `mcp:${String(upstream)}/${String(tool)}` &&
    jcs([resource, effect, rest["fixed"], rest["free"]]) === jcs([display["resource"], display["effect"], fixed, free])
  );
}

function idOf(named: unknown): unknown {
  return (named as Members | null)?.["id"] ?? null;
}
