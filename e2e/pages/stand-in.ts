import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { ApprovalDisplay, ApprovalView, AssertionBody } from "@countersign/api";
import type { AssertionJson, SignedApproval } from "@countersign/core";
import {
  approvalChallenge,
  digestOf,
  registrationOptions,
  type RegisteredPasskey,
  verifyAssertion,
  verifyRegistration,
} from "@countersign/credentials";
import {
  renderApproval,
  renderConsoleWait,
  renderInvite,
  renderSetup,
  renderSignIn,
} from "../../packages/server/src/pages/index.ts";
import type { ApprovalOutcome } from "../../packages/server/src/pages/views.ts";
import { type PageServer, type Reply, servePages } from "../../packages/server/src/pages/testing/page-server.ts";
import {
  approvalView,
  callDisplay,
  inviteView,
  setupView,
} from "../../packages/server/src/pages/testing/sample-views.ts";

const ID = "apr_00Gx2BfW7cRmZt4vLp9DkS";
const HUMAN = { id: "hum_00Gx1LVtPqOeGMZhBcw2Ya", name: "Ada Lovelace" };

/**
 * As much of the control plane as the pages call, with one approval and one person: real passkey checks, nothing behind them.
 * Its members are what a test turns.
 */
export class StandIn {
  display: ApprovalDisplay = { ...callDisplay, expiresAt: new Date(Date.now() + 600_000).toISOString() };
  state: ApprovalView["state"] = "pending";
  outcome: ApprovalOutcome | null = null;
  mayAnswer = true;
  /** What may be signed for the task; null: it is signed once. */
  task: ApprovalView["task"] = null;
  notes: readonly string[] = [];
  /** What was approved cannot be shown any more. */
  erased = false;
  setupOpen = true;
  /** The console is not there yet. */
  building = false;
  /** Changes what the server asks to be signed, or the challenge. */
  tamper: (signed: SignedApproval, challenge: string) => { signed: SignedApproval; challenge: string } = (
    signed,
    challenge,
  ) => ({ signed, challenge });
  readonly asked: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  #passkey: RegisteredPasskey | null = null;
  #challenge = "";
  #session = "";
  #server: PageServer | null = null;

  static async start(): Promise<StandIn> {
    const standIn = new StandIn();
    standIn.#server = await servePages(async (request, body) => await standIn.#answer(request, body));
    return standIn;
  }

  get origin(): string {
    return this.#server?.origin ?? "";
  }
  get approvalUrl(): string {
    return `${this.origin}/approve/${ID}`;
  }
  async close(): Promise<void> {
    await this.#server?.close();
  }
  /** Bodies that were sent to paths that end so. */
  sent(end: string): unknown[] {
    return this.asked.filter(({ method, path }) => method === "POST" && path.endsWith(end)).map(({ body }) => body);
  }

  async #answer(request: IncomingMessage, body: unknown): Promise<Reply | null> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.origin);
    this.asked.push({ method: request.method ?? "", path: pathname, body });
    const signedIn = this.#session !== "" && (request.headers.cookie ?? "").includes(this.#session);
    if (!pathname.startsWith("/v1/")) return this.#page(pathname, searchParams, signedIn);
    const open = (await this.#registration(pathname, body)) ?? this.#signIn(pathname, body);
    if (open !== null) return open;
    if (!signedIn) return { status: 401, body: { code: "request.unauthenticated", title: "sign in first" } };
    return this.#approval(request.method ?? "", pathname, body);
  }

  #page(path: string, query: URLSearchParams, signedIn: boolean): Reply | null {
    const who = signedIn ? HUMAN : null;
    const token = query.get("token") ?? "";
    switch (path) {
      case "/setup":
        return { body: renderSetup({ ...setupView, token }) };
      case "/invite":
        return { body: renderInvite({ ...inviteView, token }) };
      case "/sign-in":
        return { body: renderSignIn({ next: query.get("next"), signedIn: who, phoneUrl: null }) };
      case "/":
        if (this.building) return { body: renderConsoleWait(null) };
        return signedIn
          ? { body: "<!doctype html><title>Console</title><h1>The console</h1>" }
          : { status: 302, headers: { location: "/sign-in" }, body: "" };
      case `/approve/${ID}`: {
        const { mayAnswer, outcome } = this;
        const now = new Date().toISOString();
        return {
          body: renderApproval({
            id: ID,
            now,
            signedIn: who,
            approval: this.erased ? null : this.#view(),
            mayAnswer,
            approver: HUMAN.name,
            outcome,
            phoneUrl: null,
          }),
        };
      }
      default:
        return null;
    }
  }

  async #registration(path: string, body: unknown): Promise<Reply | null> {
    if (!path.startsWith("/v1/webauthn/registration")) return null;
    if (!this.setupOpen) {
      const detail = "the set-up link is used or has ended; start `countersign up` again for a new one";
      return { status: 403, body: { code: "setup.closed", title: "the set-up link is used or has ended", detail } };
    }
    const { name, response } = body as { name: string; response?: unknown };
    if (path.endsWith("/options")) {
      this.#challenge = randomBytes(32).toString("base64url");
      const user = { userId: Buffer.from(HUMAN.id).toString("base64url"), userName: name };
      return {
        body: registrationOptions({
          challenge: this.#challenge,
          rpId: "localhost",
          rpName: "Countersign",
          ...user,
          exclude: [],
        }),
      };
    }
    const verified = await verifyRegistration({
      response,
      challenge: this.#challenge,
      origin: this.origin,
      rpId: "localhost",
    });
    if (!verified.ok) return { status: 403, body: { code: verified.code, title: verified.fault } };
    this.#passkey = verified.passkey;
    const invited = (body as { inviteToken?: string }).inviteToken !== undefined;
    return {
      status: 201,
      headers: invited ? {} : this.#cookie(),
      body: { humanId: HUMAN.id, ...(invited ? { approvalId: ID } : {}) },
    };
  }

  #cookie(): Record<string, string> {
    this.#session = randomBytes(16).toString("hex");
    return { "set-cookie": `session=${this.#session}; Path=/; HttpOnly; SameSite=Strict` };
  }

  #signIn(path: string, body: unknown): Reply | null {
    if (path === "/v1/session/options") {
      this.#challenge = randomBytes(32).toString("base64url");
      return {
        body: {
          challenge: this.#challenge,
          rpId: "localhost",
          timeout: 60_000,
          userVerification: "required",
          allowCredentials: [],
        },
      };
    }
    if (path !== "/v1/session" || body === null) return null;
    const fault = this.#faultOf((body as { response: AssertionJson }).response, this.#challenge);
    if (fault !== null) return { status: 403, body: { code: "webauthn.refused", title: fault } };
    return { headers: this.#cookie(), body: { humanId: HUMAN.id } };
  }

  #faultOf(assertion: AssertionJson, challenge: string): string | null {
    const publicKey = this.#passkey?.publicKey ?? "";
    const verified = verifyAssertion({
      assertion,
      challenge,
      origin: this.origin,
      rpId: "localhost",
      publicKey,
      counter: null,
    });
    return verified.ok ? null : verified.fault;
  }

  #view(): ApprovalView {
    const { display, state, task, notes } = this;
    return { ...approvalView(display, state), task, notes };
  }

  #approval(method: string, path: string, body: unknown): Reply | null {
    if (path === `/v1/approvals/${ID}` && method === "GET") return { body: this.#view() };
    if (path === `/v1/approvals/${ID}/options`) {
      const signed = this.#signed((body as { decision: "approve" | "deny" }).decision);
      const tampered = this.tamper(signed, approvalChallenge(signed));
      this.#challenge = tampered.challenge;
      const { credentialId = "", transports = [] } = this.#passkey ?? {};
      const allowCredentials = [{ type: "public-key", id: credentialId, transports }];
      const publicKey = {
        challenge: tampered.challenge,
        rpId: "localhost",
        timeout: 60_000,
        userVerification: "required",
        allowCredentials,
      };
      return { body: { signed: tampered.signed, publicKey } };
    }
    if (path !== `/v1/approvals/${ID}/assertion`) return null;
    const { decision, reason, response } = body as AssertionBody;
    const fault = this.#faultOf(response as unknown as AssertionJson, approvalChallenge(this.#signed(decision)));
    if (fault !== null) return { status: 403, body: { code: "webauthn.refused", title: fault } };
    this.state = decision === "approve" ? "approved" : "denied";
    this.outcome = { at: new Date().toISOString(), by: HUMAN.name, cause: reason ?? null };
    return { body: this.#view() };
  }

  #signed(decision: "approve" | "deny"): SignedApproval {
    const { display } = this;
    const ids = {
      human: display.human?.id ?? null,
      device: display.device?.id ?? null,
      agent: display.agent?.id ?? null,
      task: display.task?.id ?? null,
    };
    return {
      decision,
      scope: "once",
      callDigest: digestOf(display.content),
      holds: display.holds,
      effect: display.effect,
      previewDigest: digestOf(display),
      ...ids,
      approver: HUMAN.id,
      policySetHash: "p",
      riskLevel: "low",
      uses: 1,
      notBefore: display.expiresAt,
      expiresAt: display.expiresAt,
      nonce: "n",
      origin: this.origin,
      genesis: "g",
    } as SignedApproval;
  }
}
