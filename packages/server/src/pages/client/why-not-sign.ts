import { digestOf, jcs } from "./jcs.ts";

const APPROVAL_CONTEXT = "countersign-approval-v1\n";
type Members = Readonly<Record<string, unknown>>;

/** What is about to be signed, and what this page knows itself. */
export interface Signing {
  readonly signed: Members;
  readonly challenge: string;
  readonly display: Members;
  readonly decision: string;
  readonly approver: string;
  readonly origin: string;
}

/**
 * The page's own check before the authenticator is called (INV-5): the challenge is the digest of `signed`, `signed` names the digest
 * of exactly what stands on this page, and it is this answer by this person on this site. Null when all holds, else why not.
 */
export async function whyNotSign(signing: Signing): Promise<string | null> {
  const { signed, display } = signing;
  if ((await digestOf(signed, APPROVAL_CONTEXT)) !== signing.challenge) {
    return "The challenge is not the digest of what would be signed.";
  }
  if ((await digestOf(display)) !== signed["previewDigest"]) return "What would be signed is not what this page shows.";
  const expected: Members = {
    decision: signing.decision,
    scope: "once",
    uses: 1,
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
  return null;
}

function idOf(named: unknown): unknown {
  return (named as Members | null)?.["id"] ?? null;
}
