import {
  AppError,
  type Chain,
  type DeviceId,
  type HumanId,
  type PublicJwk,
  type StateRecord,
  type TaskId,
} from "@countersign/core";
import { ACCESS_TOKEN_TTL_SECONDS, mintAccessToken } from "@countersign/credentials";
import type { Authority } from "../credentials/index.ts";
import { type Kernel, settingsOf } from "../kernel.ts";

/** What a proven key holds: an access token, and the same in the form of TLS. */
export interface TaskCredential {
  /** None in a person's own task: that has the certificate alone. */
  readonly accessToken?: string;
  readonly expiresIn: number;
  /** PEM: the X.509-SVID of the task for this key. */
  readonly svid: string;
  /** PEM: whom gateways are to be signed by. */
  readonly trustBundle: string;
}

/** A key that was shown by a proof. */
export interface ProvenKey {
  readonly jkt: string;
  readonly jwk: PublicJwk;
}

/** The chain of a task; only a person's own has no agent. */
export type TaskChain = Chain & { readonly human: HumanId; readonly device: DeviceId; readonly task: TaskId };

interface Minting {
  readonly task: StateRecord<"task">;
  readonly chain: TaskChain;
  readonly key: ProvenKey;
  /** Where the token is good. */
  readonly gateways: readonly string[];
}

/** INV-4: what a key of a live task holds until the next renewal, five minutes at most, in both forms. @throws AppError `task.ended` */
export async function mintCredential(
  kernel: Kernel,
  authority: Authority,
  { task, chain, key, gateways }: Minting,
): Promise<TaskCredential> {
  const { publicUrl } = await settingsOf(kernel);
  const until = Date.parse(task.terms.expiresAt);
  const ttlSeconds = Math.min(ACCESS_TOKEN_TTL_SECONDS, Math.floor((until - kernel.now()) / 1000));
  if (ttlSeconds <= 0) throw new AppError("task.ended", { detail: "the task has ended" });
  const { jkt, jwk } = key;
  const { agent, human } = chain;
  const subject = agent === null ? { agent, human } : { agent, human: null };
  const svid = authority.issueForTask(task.id, { subject, publicKey: jwk, until });
  const held = { expiresIn: ttlSeconds, svid, trustBundle: authority.pem };
  if (agent === null) return held;
  const { grants } = task.terms;
  const accessToken = mintAccessToken(
    { issuer: publicUrl, audience: gateways, chain: { ...chain, agent }, jkt, grants, ttlSeconds },
    kernel.keys.tokens,
    { now: kernel.now(), random: kernel.random },
  );
  return { accessToken, ...held };
}
