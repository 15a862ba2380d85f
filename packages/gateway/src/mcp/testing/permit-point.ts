import { randomBytes } from "node:crypto";
import {
  type AgentId,
  type Call,
  type DeviceId,
  type Grant,
  type HeldCall,
  type HumanId,
  type Refusal,
  type Settings,
  type StateRecord,
  type TaskId,
  type McpTerms,
  newId,
} from "@countersign/core";
import { type SigningKey, generateSigningKey, mintAccessToken } from "@countersign/credentials";
import { type Action, type RefusalDetail, type RefusedCall, Replica } from "@countersign/enforce";
import type { GatewayPoint } from "../gateway-context.ts";

const random = (length: number): Uint8Array => randomBytes(length);
const ISSUER = "https://issuer.example";

export const SETTINGS: Settings = {
  publicUrl: "http://localhost:7330",
  trustDomain: "localhost",
  approvals: { waitSeconds: 45, expirySeconds: 900 },
  lease: { seconds: 3, renewSeconds: 1, marginMs: 500 },
  limits: { argumentsBytes: 1024 * 1024, depth: 64 },
};

export function terms(parts: Partial<McpTerms>): McpTerms {
  return {
    kind: "mcp",
    command: null,
    url: null,
    env: {},
    auth: null,
    effects: {},
    resources: {},
    critical: [],
    pins: null,
    ...parts,
  };
}

const ALL: readonly Grant[] = [{ action: "**", resource: "**" }];
type Chain = { human: HumanId; device: DeviceId; agent: AgentId; task: TaskId };
export interface Credential {
  readonly chain: Chain;
  readonly key: SigningKey;
  readonly token: string;
}
export interface Recorded {
  readonly call: Call | RefusedCall;
  readonly outcome: string;
  readonly bytes: number;
}

/** Stands in for an enforcement point where only the gateway is looked at: permits whatever has a credential, unless `refuse` says otherwise. */
export class PermitPoint implements GatewayPoint {
  readonly lease: { valid(): boolean } = { valid: () => true };
  readonly replica: Replica = new Replica();
  readonly recorded: Recorded[] = [];
  /** Refuses a call before anything is done. */
  refuse: (call: Call) => { refusal: Refusal; detail: RefusalDetail } | null = () => null;
  held: HeldCall | null = null;
  learn: GatewayPoint["learn"] = (task) => Promise.resolve(this.replica.get("task", task) !== undefined);
  /** Awaited between preparing a call and sending it. */
  beforeSend: () => Promise<void> = () => Promise.resolve();
  settingsNow: Settings = SETTINGS;
  /** Grants of the tasks that are opened from now on. */
  grants: readonly Grant[] = ALL;
  readonly random: typeof random = random;
  readonly #issuer: SigningKey = generateSigningKey();
  readonly #issued: ReturnType<GatewayPoint["issuer"]>;
  readonly #taskEnd: ((task: TaskId) => void)[] = [];
  readonly #upstreamChange: ((upstream: string) => void)[] = [];
  #version = 1;

  constructor(upstreams: Readonly<Record<string, McpTerms>>) {
    this.#issued = { keys: [this.#issuer.jwk], issuer: ISSUER, audience: "gateway" };
    for (const [id, parts] of Object.entries(upstreams)) this.putUpstream(id, parts);
  }

  now(): number {
    return Date.now();
  }
  settings(): Settings {
    return this.settingsNow;
  }
  issuer(): ReturnType<GatewayPoint["issuer"]> {
    return this.#issued;
  }
  secret(): Promise<null> {
    return Promise.resolve(null);
  }
  heldCall(): Promise<HeldCall | null> {
    return Promise.resolve(this.held);
  }
  keep(): () => void {
    return () => undefined;
  }
  onLease(): void {
    // It has none to lose.
  }
  onTaskEnd(callback: (task: TaskId) => void): void {
    this.#taskEnd.push(callback);
  }
  onUpstreamChange(callback: (upstream: string) => void): void {
    this.#upstreamChange.push(callback);
  }

  putUpstream(id: string, parts: McpTerms, status: "active" | "removed" = "active"): void {
    this.#version += 1;
    this.replica.apply({
      kind: "upstream",
      id,
      version: this.#version,
      terms: parts,
      state: { status },
      authority: "genesis",
    });
    for (const callback of this.#upstreamChange) callback(id);
  }

  /** Opens a task and gives out its credential. */
  openTask(): Credential {
    const make = <P extends "hum" | "dev" | "agt" | "tsk">(prefix: P) => newId(prefix, Date.now(), random);
    const chain: Chain = { human: make("hum"), device: make("dev"), agent: make("agt"), task: make("tsk") };
    const key = generateSigningKey();
    this.putTask(chain, key, "live");
    const audience = [this.#issued.audience];
    const token = mintAccessToken({ issuer: ISSUER, audience, chain, jkt: key.jkt, grants: [] }, this.#issuer, {
      now: Date.now(),
      random,
    });
    return { chain, key, token };
  }

  endTask(credential: Credential): void {
    this.putTask(credential.chain, credential.key, "ended");
    for (const callback of this.#taskEnd) callback(credential.chain.task);
  }

  putTask(chain: Chain, key: SigningKey, status: "live" | "ended"): void {
    this.#version += 1;
    const day = 86_400_000;
    const record: StateRecord<"task"> = {
      kind: "task",
      id: chain.task,
      version: this.#version,
      terms: {
        agent: chain.agent,
        human: chain.human,
        device: chain.device,
        session: newId("ses", Date.now(), random),
        purpose: { person: chain.human, box: "" },
        grants: this.grants,
        openedAt: new Date().toISOString(),
        expiresAt: new Date(Date.now() + day).toISOString(),
        idleSeconds: 900,
        runtime: null,
      },
      state: { status, jkts: [key.jkt], cause: null },
      authority: null,
    };
    this.replica.apply(record);
    const name = { person: chain.human, box: "" };
    const terms = { name: "a", owner: chain.human, purpose: name, scope: ALL, expiresAt: "", salt: "" };
    const state = { status: "active", executables: [] } as const;
    this.replica.apply({ kind: "agent", id: chain.agent, version: this.#version, terms, state, authority: null });
  }

  async enforce<A>(action: Action, ...[effector, releaser]: Parameters2<A>): Promise<void> {
    const { call, claims } = action;
    const note = (outcome: string, bytes = 0): number => this.recorded.push({ call, outcome, bytes });
    const detail = { action: call.action, resource: call.resource };
    const deny = (parts: Pick<Refusal, "step" | "code" | "reason">): void => {
      note(parts.code);
      releaser.refusal({ decision: "deny", ...parts, policyIds: [], entry: newId("ent", Date.now(), random) }, detail);
    };
    if (!claims.ok) return deny({ step: "credential", code: claims.code, reason: claims.reason });
    if ("refused" in call) return deny(call.refused);
    const refused = this.refuse(call);
    if (refused !== null) {
      note(refused.refusal.code);
      return releaser.refusal(refused.refusal, refused.detail);
    }
    const prepared = await effector.prepare(call, action.signal);
    const step = (code: string): Refusal["step"] => code.slice(0, code.indexOf(".")) as Refusal["step"];
    if (!prepared.ok) return deny({ step: step(prepared.code), code: prepared.code, reason: prepared.reason });
    await this.beforeSend();
    const gone = new Promise<null>((resolve) => {
      const end = (): void => {
        prepared.cancel("the client cancelled");
        resolve(null);
      };
      if (action.signal.aborted) end();
      else action.signal.addEventListener("abort", end, { once: true });
    });
    const writing = prepared.write(
      (partial) => releaser.partial(partial),
      () => true,
      () => Promise.resolve(true),
    );
    const answer = await Promise.race([writing, gone]);
    if (answer === null) note("unobserved");
    else if (!answer.ok) deny({ step: "upstream", code: answer.code, reason: answer.reason });
    else {
      note(answer.status, answer.bytes?.length ?? 0);
      releaser.answer(answer.value);
    }
  }
}

type Parameters2<A> = [import("@countersign/enforce").Effector<A>, import("@countersign/enforce").Releaser<A>];
