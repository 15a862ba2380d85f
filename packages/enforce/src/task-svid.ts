import type { RefusalCode } from "@countersign/core";
import { type SvidCode, type TrustBundle, verifyTaskSvid } from "@countersign/credentials";
import type { Claims } from "./claims.ts";
import type { EnforcementPoint } from "./point.ts";

/** What a certificate lacks, in the words of a refused action. */
const REFUSED: Readonly<Record<SvidCode, RefusalCode>> = {
  "svid.malformed": "credential.not_canonical",
  "svid.not_of_task": "credential.not_bound",
  "svid.other_domain": "credential.wrong_key",
  "svid.untrusted": "credential.wrong_key",
  "svid.expired": "credential.expired",
};

/**
 * Turns the certificate of a TLS client into claims: whose key the handshake proved, and the chain of the task that the certificate names.
 * What stands behind the task is asked for only when the certificate is genuine: strangers cause no question. Whether the task lives is left
 * to the decision. DER as TLS gives it.
 */
export async function claimsOfSvid(
  point: Pick<EnforcementPoint, "replica" | "now" | "learn">,
  svid: Uint8Array,
  bundle: TrustBundle,
): Promise<Claims> {
  const verified = verifyTaskSvid(svid, { bundle, now: point.now() });
  if (!verified.ok) return { ok: false, code: REFUSED[verified.code], reason: "the client's certificate was refused" };
  const { task: id, jkt } = verified;
  await point.learn(id);
  // A key that was added a moment ago may not have been told yet.
  if (point.replica.get("task", id)?.state.jkts.includes(jkt) === false) await point.learn(id, "again");
  const task = point.replica.get("task", id);
  if (task === undefined) return { ok: false, code: "task.unknown", reason: "there is no such task" };
  const { human, device, agent } = task.terms;
  // INV-1: the certificate must say what its task says.
  const isNamed = verified.agent === null ? agent === null && verified.human === human : verified.agent === agent;
  const fits = isNamed && task.state.jkts.includes(jkt);
  if (!fits) return { ok: false, code: "credential.not_bound", reason: "the certificate is not for this task" };
  return { ok: true, chain: { human, device, agent, task: id }, jkt, agentProof: "declared" };
}
