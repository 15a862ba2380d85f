import { AppError, type SessionId } from "@countersign/core";
import {
  PROOF_AGE_SECONDS,
  PROOF_AHEAD_SECONDS,
  ReplayMemory,
  type SeenProof,
  accessTokenHash,
  readAuthorization,
  verifyProof,
} from "@countersign/credentials";
import { type Kernel, settingsOf } from "../kernel.ts";
import { COOKIE, type Sessions } from "../people/index.ts";
import type { Caller } from "./route.ts";
import { SharedNonces } from "./shared-nonces.ts";

export interface HttpRequest {
  readonly local: boolean;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Finds out who is asking. Wrong credentials are an error, not an unknown caller. */
export class Authenticator {
  private readonly kernel: Kernel;
  private readonly sessions: Sessions;
  private readonly nonces: SharedNonces;
  /** Bounds what one server takes; that a proof passes once at all of them is on the board. */
  private readonly replay: ReplayMemory = new ReplayMemory(50_000);

  constructor(kernel: Kernel, sessions: Sessions) {
    this.kernel = kernel;
    this.sessions = sessions;
    this.nonces = new SharedNonces(kernel);
  }

  /** The nonce that the next proof must carry. */
  nonce(): string {
    return this.nonces.current(this.kernel.now());
  }

  async caller(request: HttpRequest): Promise<Caller> {
    if (request.local) return { kind: "local" };
    if (request.headers["authorization"] !== undefined) return await this.byKey(request);
    const cookie = cookieOf(request.headers["cookie"]);
    return cookie === null ? { kind: "anyone" } : await this.byCookie(request, cookie);
  }

  /**
   * A cookie counts for a change only from our own pages: no other site can spend an open session. Browsers say where a request comes
   * from; a program that says nothing is no browser, and had to be given the cookie.
   */
  private async byCookie(request: HttpRequest, cookie: string): Promise<Caller> {
    const session = await this.sessions.byCookie(cookie);
    if (session === null) return { kind: "anyone" };
    if (request.method !== "GET") {
      const { origin } = new URL((await settingsOf(this.kernel)).publicUrl);
      const from = request.headers["origin"] ?? origin;
      const site = request.headers["sec-fetch-site"] ?? "same-origin";
      if (from !== origin || site !== "same-origin") throw new AppError("request.wrong_origin");
    }
    return await this.human(session, "cookie");
  }

  private async byKey(request: HttpRequest): Promise<Caller> {
    const read = readAuthorization(one(request.headers["authorization"]));
    if (!read.ok) throw new AppError(read.code, { details: { nonce: this.nonce() } });
    const session = await this.sessions.byId(read.token as SessionId);
    if (session === null || session.terms.jkt === null)
      throw new AppError("credential.expired", { detail: "the session has ended; run `countersign login`" });
    const { publicUrl } = await settingsOf(this.kernel);
    let seen: SeenProof | null = null;
    const replay: Pick<ReplayMemory, "remember"> = {
      remember: (proof) => {
        seen = proof;
        return this.replay.remember(proof);
      },
    };
    const verified = verifyProof({
      proof: one(request.headers["dpop"]),
      method: request.method,
      url: new URL(request.url, publicUrl).href,
      accessTokenHash: accessTokenHash(read.token),
      expectedJkt: session.terms.jkt,
      nonces: this.nonces,
      replay,
      now: this.kernel.now(),
    });
    if (!verified.ok)
      throw new AppError(verified.code, { details: verified.useNonce === true ? { useNonce: true } : {} });
    if (!(await this.isFirst(seen))) throw new AppError("credential.replayed");
    return await this.human(session, "session");
  }

  /** INV-4: a proof that one server took is taken by no other. Nobody knows it when the board does not answer: then it is refused. */
  private async isFirst(proof: SeenProof | null): Promise<boolean> {
    if (proof === null) return false;
    const lifeMs = (PROOF_AGE_SECONDS + PROOF_AHEAD_SECONDS) * 1000;
    return await this.kernel.store.board.claim("proof", `${proof.jkt} ${proof.jti}`, lifeMs);
  }

  private async human(
    session: Extract<Caller, { kind: "human" }>["session"],
    via: "cookie" | "session",
  ): Promise<Caller> {
    const human = await this.kernel.store.get("human", session.terms.human);
    if (human?.state.status !== "active") throw new AppError("human.inactive");
    return { kind: "human", via, human, session };
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? undefined : header;
}

function cookieOf(header: string | string[] | undefined): string | null {
  const found = one(header)
    ?.split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${COOKIE}=`));
  return found === undefined ? null : found.slice(COOKIE.length + 1);
}
