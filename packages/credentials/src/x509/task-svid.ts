import { type AgentId, type HumanId, type PublicJwk, type Random, type TaskId, isId } from "@countersign/core";
import { type CertificateAuthority, issueSvid, serialNumber } from "./authority.ts";
import type { TrustBundle } from "./trust-bundle.ts";
import { type SvidCode, verifySvid } from "./verify-svid.ts";

/** Longest time between the beginning and the end of a task's certificate: that of an access token. */
export const TASK_SVID_TTL_SECONDS = 300;
/** Clocks of gateways may be this much behind; it counts as a part of the certificate's life. */
const BACKDATED_MS = 30_000;

/** Who acts: the agent, or the human in a task of their own. One of both. */
export type TaskSubject =
  | { readonly agent: AgentId; readonly human: null }
  | { readonly agent: null; readonly human: HumanId };

export interface TaskSvidRequest {
  readonly ca: CertificateAuthority;
  /** Who acts in which task. */
  readonly subject: TaskSubject;
  readonly task: TaskId;
  /** The key that was proven when the certificate was asked for. */
  readonly publicKey: PublicJwk;
  /** When the task ends, Unix milliseconds: the certificate ends no later. */
  readonly until: number;
  readonly now: number;
  readonly random: Random;
}

/**
 * Issues the X.509-SVID of a task: `spiffe://<trust domain>/agent/<agent>/task/<task>`, or `/human/<human>/task/<task>` for a person's own
 * task; for TLS clients alone, for five minutes at most, and not beyond the task.
 * @throws AppError `internal.error` when the key cannot be used or the task has ended
 */
export function issueTaskSvid({ ca, subject, task, publicKey, until, now, random }: TaskSvidRequest): {
  readonly der: Buffer;
  readonly spiffeId: string;
  /** Unix milliseconds, in whole seconds. */
  readonly notAfter: number;
} {
  const who = subject.agent === null ? `human/${subject.human}` : `agent/${subject.agent}`;
  const spiffeId = `spiffe://${ca.trustDomain}/${who}/task/${task}`;
  const notBefore = Math.max(wholeSeconds(now) - BACKDATED_MS, ca.certificate.notBefore);
  const notAfter = wholeSeconds(Math.min(notBefore + TASK_SVID_TTL_SECONDS * 1000, until, ca.certificate.notAfter));
  const der = issueSvid({
    ca,
    publicKey,
    spiffeId,
    notBefore,
    // INV-4: of a task that has ended there is none.
    notAfter: notAfter > now ? notAfter : notBefore,
    serial: serialNumber(random),
    sides: "client",
  });
  return { der, spiffeId, notAfter };
}

export type VerifiedTaskSvid =
  | (TaskSubject & {
      readonly ok: true;
      readonly task: TaskId;
      /** RFC 7638 thumbprint of the certified key: it must be one of the task's. */
      readonly jkt: string;
      /** Unix milliseconds. */
      readonly notAfter: number;
    })
  | { readonly ok: false; readonly code: SvidCode };

/**
 * Verifies the certificate that a client shows: an SVID of the form of {@link issueTaskSvid} under the bundle. It proves who was named when
 * it was issued; whether the task lives and has this key is for the task's record to say. A certificate of a server or a gateway is none of
 * a task, whatever its path. DER, or one PEM block. Never throws.
 */
export function verifyTaskSvid(
  svid: Uint8Array | string,
  trust: { readonly bundle: TrustBundle; readonly now: number },
): VerifiedTaskSvid {
  const verified = verifySvid(svid, { ...trust, sides: "client" });
  if (!verified.ok) return verified;
  const { path, jkt, notBefore, notAfter } = verified;
  const [, kind, who, word, task, ...more] = path.split("/");
  if (more.length > 0 || word !== "task" || !isId("tsk", task)) return { ok: false, code: "svid.not_of_task" };
  if (notAfter - notBefore > TASK_SVID_TTL_SECONDS * 1000) return { ok: false, code: "svid.expired" };
  if (kind === "agent" && isId("agt", who)) return { ok: true, agent: who, human: null, task, jkt, notAfter };
  if (kind === "human" && isId("hum", who)) return { ok: true, agent: null, human: who, task, jkt, notAfter };
  return { ok: false, code: "svid.not_of_task" };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
