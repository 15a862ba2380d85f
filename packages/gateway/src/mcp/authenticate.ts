import { type PublicJwk, type Random, type StateRecord, type TaskId, codeRow } from "@countersign/core";
import {
  type AccessTokenClaims,
  NonceSource,
  type PresentedCredential,
  type ProofRefusal,
  ReplayMemory,
  TokenCache,
  type VerificationKey,
  importPublicKey,
  verifyTaskRequest,
} from "@countersign/credentials";
import type { Claims, EnforcementPoint } from "@countersign/enforce";

type Point = Pick<EnforcementPoint, "replica" | "issuer" | "now" | "learn">;

/** What of a request proves who sends it. */
export interface Presented extends PresentedCredential {
  readonly method: string;
  /** The address of this resource as its clients were told. */
  readonly url: string;
}
export interface Authenticated {
  readonly claims: Claims;
  /** The proof is good but for its nonce: the caller is to try again with the current one (RFC 9449 section 8). */
  readonly useNonce: boolean;
}

/** Turns the credential of a request into claims: an access token of RFC 9068 with its proof of RFC 9449, and nothing else. */
export class Authenticator {
  readonly #point: Point;
  readonly #nonces: NonceSource;
  readonly #replay = new ReplayMemory();
  readonly #cache = new TokenCache();
  #jwks: readonly PublicJwk[] = [];
  #keys: ReadonlyMap<string, VerificationKey> = new Map();

  constructor(point: Point, random: Random) {
    this.#point = point;
    this.#nonces = new NonceSource(random, point.now());
  }

  /** What the header `DPoP-Nonce` is to say. */
  nonce(): string {
    return this.#nonces.current(this.#point.now());
  }

  /** What stands behind the task is asked for only when its credential is genuine: strangers cause no question. */
  async check(presented: Presented): Promise<Authenticated> {
    const verified = this.#verified(presented);
    return verified.ok ? await this.#ofTask(verified.claims) : refused(verified);
  }

  #verified({ method, url, ...presented }: Presented): ReturnType<typeof verifyTaskRequest> {
    const { issuer, audience } = this.#point.issuer();
    return verifyTaskRequest(presented, {
      issuerKeys: this.#issuerKeys(),
      issuer,
      audience,
      now: this.#point.now(),
      cache: this.#cache,
      method,
      url,
      nonces: this.#nonces,
      replay: this.#replay,
    });
  }

  /** The token must say what its task says. A task that is not known here, though it was asked for, is left to the decision. */
  async #ofTask({ chain, jkt }: AccessTokenClaims): Promise<Authenticated> {
    await this.#point.learn(chain.task);
    // A key that was added a moment ago may not have been told yet.
    if (this.#task(chain.task)?.state.jkts.includes(jkt) === false) await this.#point.learn(chain.task, "again");
    const task = this.#task(chain.task);
    const { human, device, agent } = task?.terms ?? chain;
    const fits = human === chain.human && device === chain.device && agent === chain.agent;
    if (!fits || task?.state.jkts.includes(jkt) === false) return refused({ ok: false, code: "credential.not_bound" });
    return { claims: { ok: true, chain, jkt, agentProof: "declared" }, useNonce: false };
  }

  #task(id: TaskId): StateRecord<"task"> | undefined {
    return this.#point.replica.get("task", id);
  }

  /** The same key objects for as long as the issuer has the same keys: what was verified with them is remembered. */
  #issuerKeys(): ReadonlyMap<string, VerificationKey> {
    const { keys } = this.#point.issuer();
    if (keys !== this.#jwks) {
      const imported = keys.map((jwk) => importPublicKey(jwk)).flatMap((result) => (result.ok ? [result.key] : []));
      this.#keys = new Map(imported.map((key) => [key.jkt, key]));
      this.#jwks = keys;
    }
    return this.#keys;
  }
}

function refused({ code, useNonce }: ProofRefusal): Authenticated {
  return { claims: { ok: false, code, reason: codeRow(code).title }, useNonce: useNonce === true };
}
