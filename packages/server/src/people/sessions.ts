import {
  AppError,
  type ApprovalId,
  type AssertionJson,
  type DeviceId,
  type HumanId,
  type Json,
  type PublicJwk,
  type SessionId,
  type StateRecord,
  newId,
} from "@countersign/core";
import {
  deviceLevel,
  opaqueDigest,
  opaqueToken,
  thumbprint,
  verifyAssertion,
  verifyEvidence,
  verifyKeyProof,
} from "@countersign/credentials";
import { TokenBucket } from "@countersign/enforce";
import type { Approvals, ChangeKind } from "../approvals/index.ts";
import { humanName } from "../approvals/index.ts";
import { type Kernel, change, serverEntry, settingsOf } from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";
import { Challenges, challengeOf } from "./challenges.ts";
import { originOf } from "./registration.ts";

const SESSION_SECONDS = 12 * 3600;
export const COOKIE = "countersign_session";
type Session = StateRecord<"session">;

export interface DeviceRequest {
  readonly device: DeviceId;
  readonly deviceName: string;
  readonly deviceProof: string;
  readonly sessionProof: string;
  readonly evidence: string;
}

/** Human sessions (design 6): by cookie in a browser, by a key of the device on the command line. Both start with a passkey. */
export class Sessions {
  private readonly kernel: Kernel;
  private readonly challenges: Challenges<true>;
  /** Bounds what strangers can write: each request for a sign-in is kept and recorded. */
  private readonly strangers: TokenBucket = new TokenBucket(100, 2);
  /** Bounds what strangers can put on the board: each look at the sign-in page is a challenge. Both are counted by each server for itself. */
  private readonly lookers: TokenBucket = new TokenBucket(1000, 20);

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.challenges = new Challenges(kernel, "sign-in");
  }

  /** @throws AppError `request.too_many` */
  async signInOptions(): Promise<Readonly<Record<string, unknown>>> {
    if (!this.lookers.take(this.kernel.now()))
      throw new AppError("request.too_many", { detail: "try again in a moment" });
    const { rpId } = await originOf(this.kernel);
    return {
      challenge: await this.challenges.give(true),
      rpId,
      timeout: 120_000,
      userVerification: "required",
      allowCredentials: [],
    };
  }

  /** Signs a person in to a browser. @throws AppError `webauthn.refused` */
  async signIn(assertion: AssertionJson): Promise<{ readonly humanId: HumanId; readonly cookie: string }> {
    const { kernel } = this;
    const challenge = challengeOf(assertion.response.clientDataJSON);
    const passkey = await kernel.store.get("passkey", assertion.id);
    if (challenge === null || passkey?.state.status !== "active" || (await this.challenges.take(challenge)) === null)
      throw refusedSignIn();
    const human = await kernel.store.get("human", passkey.terms.human);
    const { origin, rpId } = await originOf(kernel);
    const { publicKey } = passkey.terms;
    const verified = verifyAssertion({ assertion, challenge, origin, rpId, publicKey, counter: passkey.state.counter });
    if (!verified.ok || human?.state.status !== "active") throw refusedSignIn();
    const used = withState(passkey, { ...passkey.state, counter: verified.counter });
    const session = await this.browserSession(human.id);
    const puts = [session.put, used];
    await change(kernel, {
      // INV-8: nobody who is being off-boarded gets in.
      expect: [passkey, human].map(({ kind, id, version }) => ({ kind, id, version })),
      put: puts,
      entries: [
        serverEntry(kernel, "identity", {
          chain: { human: human.id, device: null, agent: null, task: null },
          action: "session.open",
          resource: session.put.id,
          changes: puts,
        }),
      ],
    });
    return { humanId: human.id, cookie: session.cookie };
  }

  /** A new browser session: its record, and the cookie that only the browser keeps. */
  async browserSession(human: HumanId): Promise<{ readonly put: Put; readonly cookie: string }> {
    const { kernel } = this;
    const { token, digest } = opaqueToken(kernel.random);
    const id = newId("ses", kernel.now(), kernel.random);
    const secure = (await settingsOf(kernel)).publicUrl.startsWith("https:") ? "; Secure" : "";
    return {
      put: {
        kind: "session",
        id,
        terms: {
          human,
          device: null,
          jkt: null,
          cookieDigest: digest,
          expiresAt: new Date(kernel.now() + SESSION_SECONDS * 1000).toISOString(),
        },
        state: { status: "active" },
        authority: null,
      },
      cookie: `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${String(SESSION_SECONDS)}${secure}`,
    };
  }

  async byCookie(token: string): Promise<Session | null> {
    const found = await this.kernel.store.find("session", { key: opaqueDigest(token), status: "active" });
    return this.live(found[0] ?? null);
  }

  async byId(id: SessionId): Promise<Session | null> {
    return this.live(await this.kernel.store.get("session", id));
  }

  private live(session: Session | null): Session | null {
    return session?.state.status === "active" && Date.parse(session.terms.expiresAt) > this.kernel.now()
      ? session
      : null;
  }

  async end(session: Session): Promise<void> {
    const put = withState(session, { status: "ended" });
    await change(this.kernel, {
      expect: [{ kind: "session", id: session.id, version: session.version }],
      put: [put],
      entries: [serverEntry(this.kernel, "identity", { action: "session.end", resource: session.id, changes: [put] })],
    });
  }

  /** Command-line sign-in: proposes the device and the session; one signature of any active human puts both in force. */
  async request(
    approvals: Approvals,
    ask: DeviceRequest,
  ): Promise<{ readonly id: ApprovalId; readonly url: string; readonly expiresAt: string }> {
    const draft = await this.draftOf(ask);
    const proposed = await approvals.propose({
      act: "session.open",
      draft: draft as unknown as Json,
      resource: ask.device,
    });
    return { id: proposed.approvalId, url: proposed.url, expiresAt: proposed.expiresAt };
  }

  /**
   * The session that a device asks for, when both keys prove themselves and its posture would do. Anybody may ask: how often is bounded.
   * @throws AppError `device.unhealthy`, `request.conflict`, `request.too_many`, `credential.*`
   */
  async draftOf(ask: DeviceRequest): Promise<SessionDraft> {
    const { kernel } = this;
    const { publicUrl } = await settingsOf(kernel);
    const jwks = keysOf(ask, publicUrl, kernel.now());
    const posture = verifyEvidence(ask.evidence, {
      device: ask.device,
      jwk: jwks.device,
      nonce: null,
      now: kernel.now(),
    });
    if (!posture.ok)
      throw new AppError(posture.code, { detail: "the posture report of this device was refused; check its clock" });
    const judged = deviceLevel(posture.report);
    if (judged.level === null)
      throw new AppError("device.unhealthy", { detail: judged.missing.map((m) => m.remedy).join("; ") });
    const known = await kernel.store.get("device", ask.device);
    if (known !== null && known.terms.jkt !== thumbprint(jwks.device)) {
      throw new AppError("request.conflict", {
        detail: "this device id belongs to another key; remove the device key and enrol again",
      });
    }
    if (!this.strangers.take(kernel.now())) {
      throw new AppError("request.too_many", { detail: "too many sign-ins were asked for; try again in a minute" });
    }
    return {
      device: ask.device,
      deviceName: ask.deviceName,
      deviceJwk: { ...jwks.device },
      sessionJkt: thumbprint(jwks.session),
      evidence: ask.evidence,
    };
  }

  /** What became of a command-line sign-in, for the holder of its session key. */
  async poll(approvals: Approvals, id: string, proof: string): Promise<Readonly<Record<string, unknown>>> {
    const { kernel } = this;
    const approval = await approvals.get(id);
    const wanted = approval === null ? null : sessionJktOf(approval, await approvals.draft(approval));
    const verified = verifyKeyProof(proof, {
      purpose: "session-poll",
      audience: (await settingsOf(kernel)).publicUrl,
      nonce: id,
      now: kernel.now(),
    });
    if (approval === null || !verified.ok || verified.jkt !== wanted) {
      throw new AppError("request.not_found", { detail: "there is no such sign-in for this key" });
    }
    const { status } = approval.state;
    return status === "consumed"
      ? { state: "approved", session: await this.sessionOf(verified.jkt) }
      : { state: status };
  }

  private async sessionOf(jkt: string): Promise<Readonly<Record<string, unknown>>> {
    const { kernel } = this;
    const session = (await kernel.store.find("session", { key: jkt })).at(-1);
    if (session === undefined || session.terms.device === null)
      throw new AppError("request.not_found", { detail: "the session of this key is gone" });
    const device = await kernel.store.get("device", session.terms.device);
    return {
      id: session.id,
      human: await humanName(kernel, session.terms.human),
      device: {
        id: session.terms.device,
        name: device === null ? null : await kernel.keys.openText(device.terms.name),
      },
      expiresAt: session.terms.expiresAt,
    };
  }
}

/** The key whose holder may ask what became of an approval; null where no session is asked for. */
function sessionJktOf({ terms }: StateRecord<"approval">, draft: Json | null): string | null {
  if (terms.change === "session.open") return (draft as unknown as SessionDraft | null)?.sessionJkt ?? null;
  if (terms.change !== "client.connect") return null;
  return (draft as { session?: SessionDraft | null } | null)?.session?.sessionJkt ?? null;
}

const refusedSignIn = (): AppError =>
  new AppError("webauthn.refused", {
    detail: "the passkey was refused; load the page again and use a passkey that is registered here",
  });

function keysOf(
  ask: DeviceRequest,
  audience: string,
  now: number,
): { readonly device: PublicJwk; readonly session: PublicJwk } {
  const claimed = { device: jktOf(ask.deviceProof), session: jktOf(ask.sessionProof) };
  const device = verifyKeyProof(ask.deviceProof, { purpose: "enroll", audience, nonce: claimed.session, now });
  const session = verifyKeyProof(ask.sessionProof, { purpose: "session", audience, nonce: claimed.device, now });
  if (!device.ok) throw new AppError(device.code, { detail: "the proof of the device key was refused" });
  if (!session.ok) throw new AppError(session.code, { detail: "the proof of the session key was refused" });
  return { device: device.jwk, session: session.jwk };
}

/** Thumbprint of the key that a proof embeds; whether it signed is verified afterwards. */
function jktOf(proof: string): string {
  try {
    const header = JSON.parse(Buffer.from(proof.split(".")[0] ?? "", "base64url").toString("utf8")) as {
      jwk: PublicJwk;
    };
    return thumbprint(header.jwk);
  } catch {
    return "";
  }
}

/** A session bound to a key, on a device bound to another, as somebody asks for it. */
export interface SessionDraft {
  readonly device: DeviceId;
  readonly deviceName: string;
  readonly deviceJwk: PublicJwk;
  readonly sessionJkt: string;
  readonly evidence: string;
}

async function sessionRecords(
  kernel: Kernel,
  human: HumanId,
  ask: SessionDraft,
): Promise<{ readonly device: Put; readonly session: Put; readonly posture: Put }> {
  const now = kernel.now();
  const expiresAt = new Date(now + SESSION_SECONDS * 1000).toISOString();
  return {
    session: {
      kind: "session",
      id: newId("ses", now, kernel.random),
      terms: { human, device: ask.device, jkt: ask.sessionJkt, cookieDigest: null, expiresAt },
      state: { status: "active" },
      authority: null,
    },
    device: {
      kind: "device",
      id: ask.device,
      terms: {
        owner: human,
        jwk: ask.deviceJwk,
        jkt: thumbprint(ask.deviceJwk),
        tier: "software",
        name: await kernel.keys.sealText(human, ask.deviceName),
      },
      state: { status: "active" },
      authority: null,
    },
    posture: {
      kind: "posture",
      id: ask.device,
      terms: { evidence: ask.evidence },
      state: { status: "reported" },
      authority: null,
    },
  };
}

export const sessionOpenKind: ChangeKind = {
  act: "session.open",
  approvers: "self",
  entryKind: "identity",
  async build(kernel, draft: Json, approver) {
    const ask = draft as unknown as SessionDraft;
    const human = approver.id;
    const known = await kernel.store.get("device", ask.device);
    if (
      known !== null &&
      (known.terms.owner !== human || known.state.status !== "active" || known.terms.jkt !== thumbprint(ask.deviceJwk))
    ) {
      throw new AppError("approval.not_approver", { detail: "this device belongs to someone else or was retired" });
    }
    const { device, session, posture } = await sessionRecords(kernel, human, ask);
    return {
      bound: known === null ? [device, session] : [session],
      also: [posture],
      expect: [
        { kind: "human", id: human, version: approver.version },
        { kind: "device", id: ask.device, version: known?.version ?? 0 },
      ],
      shown: {
        device: ask.device,
        name: ask.deviceName,
        deviceKey: thumbprint(ask.deviceJwk),
        sessionKey: ask.sessionJkt,
        enrols: known === null,
        hours: SESSION_SECONDS / 3600,
      },
      sentence:
        known === null
          ? `enrol ${ask.deviceName} as your device and sign in on it for 12 hours`
          : `sign in on ${ask.deviceName} for 12 hours`,
    };
  },
};
