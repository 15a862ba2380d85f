import { type DeviceId, type SessionId, newId } from "@countersign/core";
import {
  type Posture,
  type SigningKey,
  generateSigningKey,
  makeProof,
  makeSessionProof,
  pooledRandom,
  signEvidence,
  signKeyProof,
} from "@countersign/credentials";
import type { Person } from "./person.ts";

const random = pooledRandom();
const POSTURE: Posture = { os: { platform: "linux", id: "debian", version: "12", kernel: "6.1" }, facts: {} };

/** A device with its key, a signed-in session and the tasks opened from it: the user's side, without the command line. */
export class Workstation {
  /** Of the installation: what it signs for. */
  readonly api: string;
  readonly name: string;
  readonly device: DeviceId = newId("dev", Date.now(), random);
  readonly key: SigningKey = generateSigningKey();
  readonly sessionKey: SigningKey = generateSigningKey();
  session: SessionId = "ses_";
  /** Which server answers; as behind a balancer, another one may at any time. */
  server: string;
  private nonce: string | null = null;

  constructor(api: string, name = "laptop") {
    this.api = new URL(api).origin;
    this.server = this.api;
    this.name = name;
  }

  evidence(posture: Posture = POSTURE): string {
    return signEvidence(this.key, { device: this.device, posture, nonce: null, now: Date.now() });
  }

  /** What says which machine asks, with the proofs of its keys. */
  deviceRequest(): object {
    const now = Date.now();
    const [audience, session] = [this.api, this.sessionKey];
    return {
      device: this.device,
      deviceName: this.name,
      deviceProof: signKeyProof(this.key, { purpose: "enroll", audience, nonce: session.jkt, now }),
      sessionProof: signKeyProof(session, { purpose: "session", audience, nonce: this.key.jkt, now }),
      evidence: this.evidence(),
    };
  }

  async requestSignIn(): Promise<{ id: string; url: string }> {
    return await this.asAnyone("/v1/session/requests", this.deviceRequest());
  }

  /** Asks without any credential. */
  async asAnyone<T>(path: string, body: object): Promise<T> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.server + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as T;
  }

  async finishSignIn(id: string): Promise<void> {
    const proof = signKeyProof(this.sessionKey, {
      purpose: "session-poll",
      audience: this.api,
      nonce: id,
      now: Date.now(),
    });
    const response = await fetch(`${this.server}/v1/session/requests/${id}`, { headers: { "session-proof": proof } });
    const polled = (await response.json()) as { state: string; session?: { id: SessionId } };
    if (polled.session === undefined) throw new Error(JSON.stringify(polled));
    this.session = polled.session.id;
  }

  async signIn(person: Person): Promise<void> {
    const { id } = await this.requestSignIn();
    await person.answer(id);
    await this.finishSignIn(id);
  }

  /** A request signed by the session's key; asks once more when the server wants its nonce. */
  async fetch(path: string, body?: unknown): Promise<Response> {
    const method = body === undefined ? "GET" : "POST";
    for (let tries = 0; ; tries += 1) {
      const dpop = makeSessionProof({
        key: this.sessionKey,
        method,
        url: `${this.api}${path}`,
        session: this.session,
        nonce: this.nonce,
        now: Date.now(),
        random,
      });
      const response = await fetch(`${this.server}${path}`, {
        method,
        headers: {
          authorization: `DPoP ${this.session}`,
          dpop,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      this.nonce = response.headers.get("dpop-nonce") ?? this.nonce;
      if (response.status !== 401 || tries > 0) return response;
    }
  }

  async json<T = Record<string, unknown>>(path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  async openTask(agent: string, more: Record<string, unknown> = {}): Promise<TaskClient> {
    const key = generateSigningKey();
    const keyProof = signKeyProof(key, { purpose: "task", audience: this.api, nonce: agent, now: Date.now() });
    const opened = await this.json<{ id: string; gateway: string; token: { accessToken: string } }>("/v1/tasks", {
      agent,
      purpose: "test work",
      keyProof,
      ...more,
    });
    return new TaskClient(opened.id, opened.gateway, { key, accessToken: opened.token.accessToken });
  }
}

/** What holds a task's credential: signs each request to the gateway. */
export class TaskClient {
  readonly id: string;
  readonly gateway: string;
  readonly key: SigningKey;
  accessToken: string;
  private readonly send: typeof globalThis.fetch;
  private nonce: string | null = null;

  constructor(
    id: string,
    gateway: string,
    held: { key: SigningKey; accessToken: string; send?: typeof globalThis.fetch },
  ) {
    this.send = held.send ?? globalThis.fetch;
    this.id = id;
    this.gateway = gateway;
    this.key = held.key;
    this.accessToken = held.accessToken;
  }

  /** Proves the task's key to the control plane, to renew or end. */
  proof(api: string): string {
    return signKeyProof(this.key, { purpose: "task", audience: new URL(api).origin, nonce: this.id, now: Date.now() });
  }

  /** The same task at another address, with a renewed token. */
  moved(gateway: string, accessToken: string): TaskClient {
    return new TaskClient(this.id, gateway, { key: this.key, accessToken });
  }

  /** A `fetch` for an MCP client. */
  readonly fetch = async (input: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input);
    const method = init.method ?? "GET";
    for (let tries = 0; ; tries += 1) {
      const headers = new Headers(init.headers);
      headers.set("authorization", `DPoP ${this.accessToken}`);
      headers.set(
        "dpop",
        makeProof({
          key: this.key,
          method,
          url: url.origin + url.pathname,
          accessToken: this.accessToken,
          nonce: this.nonce,
          now: Date.now(),
          random,
        }),
      );
      const response = await this.send(url, { ...init, headers });
      this.nonce = response.headers.get("dpop-nonce") ?? this.nonce;
      if (response.status !== 401 || tries > 0 || response.headers.get("dpop-nonce") === null) return response;
      await response.body?.cancel();
    }
  };
}
