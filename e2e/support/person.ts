import type { ApprovalView } from "@countersign/api";
import type { SoftAuthenticator } from "@countersign/credentials/testing";
import { createSoftAuthenticator } from "@countersign/credentials/testing";

/** What is signed for a task: how many uses, and which arguments stay as they are. */
export interface Uses {
  readonly uses?: number;
  readonly fixed?: readonly string[];
}

/** A person with a browser and a passkey, as far as the HTTP interface sees one. The authenticator signs for real. */
export class Person {
  readonly api: string;
  /** Of the pages: that of the installation, whichever of its servers answers. */
  readonly origin: string;
  readonly passkey: SoftAuthenticator;
  humanId = "";
  /** Of the session, as it is sent. */
  cookie = "";

  constructor(api: string, known?: Pick<Person, "origin" | "passkey">) {
    this.api = api;
    this.origin = known?.origin ?? new URL(api).origin;
    this.passkey = known?.passkey ?? createSoftAuthenticator({ rpId: new URL(api).hostname, origin: this.origin });
  }

  /** The same person with the same browser, where another server of the installation answers. */
  at(api: string): Person {
    const there = new Person(api, this);
    there.humanId = this.humanId;
    there.cookie = this.cookie;
    return there;
  }

  async fetch(
    path: string,
    init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const response = await fetch(new URL(path, this.api), {
      method: init.method ?? (init.body === undefined ? "GET" : "POST"),
      headers: {
        origin: this.origin,
        ...(this.cookie === "" ? {} : { cookie: this.cookie }),
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      redirect: "manual",
    });
    const cookie = response.headers.get("set-cookie");
    if (cookie !== null) this.cookie = cookie.split(";")[0] ?? "";
    return response;
  }

  /** @throws Error with the problem document when the answer is not a success */
  async json<T = Record<string, unknown>>(path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(path, body === undefined ? {} : { body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${text}`);
    return JSON.parse(text) as T;
  }

  async register(link: string, name: string): Promise<{ humanId: string; approvalId?: string }> {
    const url = new URL(link);
    const token = url.searchParams.get("token") ?? "";
    const tokens = url.pathname === "/setup" ? { setupToken: token } : { inviteToken: token };
    const options = await this.json("/v1/webauthn/registration/options", { ...tokens, name });
    const response = this.passkey.register(options as never);
    const registered = await this.json<{ humanId: string; approvalId?: string }>("/v1/webauthn/registration", {
      ...tokens,
      name,
      response,
    });
    this.humanId = registered.humanId;
    return registered;
  }

  async signIn(): Promise<void> {
    const options = await this.json("/v1/session/options", {});
    await this.json("/v1/session", { response: this.passkey.sign(options as never) });
  }

  async answer(
    approvalId: string,
    decision: "approve" | "deny" = "approve",
    { reason, bound }: { readonly reason?: string; readonly bound?: Uses } = {},
  ): Promise<{ state: string }> {
    const ask = { decision, scope: bound === undefined ? "once" : "task" };
    const { publicKey } = await this.json<{ publicKey: { challenge: string } }>(`/v1/approvals/${approvalId}/options`, {
      ...ask,
      ...bound,
    });
    const response = this.passkey.sign(publicKey);
    return await this.json(`/v1/approvals/${approvalId}/assertion`, {
      ...ask,
      ...(reason === undefined ? {} : { reason }),
      response,
    });
  }

  async pending(): Promise<readonly ApprovalView[]> {
    return (await this.json<{ approvals: ApprovalView[] }>("/v1/approvals?state=pending")).approvals;
  }
}
