import { randomBytes } from "node:crypto";
import { type Call, type Chain, type StateRecord, newId } from "@countersign/core";
import { type SigningKey, generateSigningKey, signEvidence } from "@countersign/credentials";
import type { Evaluator } from "@countersign/policy";
import type { Action, Prepared, Releaser, UpstreamAnswer } from "../action.ts";
import type {
  ControlPlane,
  Denial,
  EntryDraft,
  Held,
  HoldRefused,
  HoldRequest,
  Merged,
  RecordRequest,
  Recorded,
  Learned,
  RenewalRequest,
  Snapshot,
} from "../control-plane.ts";
import { EnforcementPoint } from "../point.ts";

export const random = (length: number): Uint8Array => randomBytes(length);
export const permitAll: Evaluator = {
  policySetHash: "hash",
  policies: new Map(),
  evaluate: () => ({ permits: ["all"], forbids: [], errors: [] }),
};

/** A control plane in memory that does what it is told, for tests of the enforcement kit alone. */
export class FakeControlPlane implements ControlPlane {
  readonly entries: EntryDraft[] = [];
  readonly severed: string[] = [];
  /** What `record` answers or how it fails; by default it records. */
  onRecord: (request: RecordRequest) => Promise<Recorded> = async () => await Promise.resolve({ ok: true });
  onHold: (request: HoldRequest) => Promise<Held | HoldRefused> = async () =>
    await Promise.reject(new Error("no holds here"));
  onRenew: (applied: number) => Promise<Snapshot> = async (applied) =>
    await Promise.resolve({ generation: 1, version: applied, records: [] });
  records: Snapshot["records"] = [];
  denied: Denial | null = null;
  /** Why a stop was made, for those who are stopped. */
  stoppedBecause: string | null = null;

  async join(): Promise<Snapshot> {
    return await Promise.resolve({ generation: 1, version: 1, records: this.records });
  }
  async renew({ applied }: RenewalRequest): Promise<Snapshot> {
    return await this.onRenew(applied);
  }
  async learn(): Promise<Learned> {
    return await Promise.resolve({ generation: 1, version: 1, records: [], purpose: null });
  }
  async forget(): Promise<void> {
    await Promise.resolve();
  }
  async leave(): Promise<void> {
    await Promise.resolve();
  }
  async record(request: RecordRequest): Promise<Recorded> {
    const recorded = await this.onRecord(request);
    if (recorded.ok) this.entries.push(...request.entries);
    return recorded;
  }
  async hold(request: HoldRequest): Promise<Held | HoldRefused> {
    return await this.onHold(request);
  }
  async denial(): Promise<Denial | null> {
    return await Promise.resolve(this.denied);
  }
  async brakeReason(): Promise<string | null> {
    return await Promise.resolve(this.stoppedBecause);
  }
  async heldCall(): Promise<null> {
    return await Promise.resolve(null);
  }
  async secret(): Promise<null> {
    return await Promise.resolve(null);
  }
  async severTask(chain: Chain): Promise<void> {
    this.severed.push(chain.task ?? "");
    await Promise.resolve();
  }
  touch(): void {
    // Nothing idles here.
  }
  async merge(): Promise<Merged> {
    return await Promise.reject(new Error("no spool here"));
  }
}

export interface Bench {
  readonly point: EnforcementPoint;
  readonly control: FakeControlPlane;
  readonly chain: Chain;
  readonly clock: { now: number };
  readonly deviceKey: SigningKey;
  readonly act: (call?: Partial<Call>) => Action;
  readonly put: (record: Partial<StateRecord> & { kind: StateRecord["kind"]; id: string }) => void;
}

/** A point with a whole, healthy chain in its replica and a policy that permits everything. */
export async function bench(
  compile: () => Promise<Evaluator> = async () => await Promise.resolve(permitAll),
): Promise<Bench> {
  const clock = { now: Date.now() };
  const control = new FakeControlPlane();
  const settings = {
    publicUrl: "http://localhost:7330",
    trustDomain: "localhost",
    approvals: { waitSeconds: 0, expirySeconds: 900 },
    lease: { seconds: 3, renewSeconds: 3600, marginMs: 500 },
    limits: { argumentsBytes: 1_048_576, depth: 64 },
  };
  control.records = [
    {
      kind: "settings",
      id: "settings",
      version: 1,
      terms: settings,
      state: { status: "active" },
      authority: "genesis",
    } as never,
    {
      kind: "policy",
      id: newId("pol", clock.now, random),
      version: 1,
      terms: { text: "", hash: "" },
      state: { status: "active" },
      authority: "genesis",
    } as never,
  ];
  const point = new EnforcementPoint({
    id: newId("ep", clock.now, random),
    name: "test",
    controlPlane: control,
    clocks: { monotonicMs: () => clock.now, wallMs: () => clock.now, uptimeMs: () => clock.now },
    random,
    issuer: { keys: [], issuer: "", audience: "" },
    compile,
    log: { warn: () => undefined, error: () => undefined },
  });
  await point.start();
  const chain = {
    human: newId("hum", clock.now, random),
    device: newId("dev", clock.now, random),
    agent: newId("agt", clock.now, random),
    task: newId("tsk", clock.now, random),
  };
  let version = 1;
  const put: Bench["put"] = (record) => {
    version += 1;
    point.replica.apply({ authority: null, version, ...record } as never);
  };
  const deviceKey = generateSigningKey();
  const until = new Date(clock.now + 3_600_000).toISOString();
  const sealed = { person: chain.human, box: "" };
  const grants = [{ action: "mcp:files/*", resource: "**" }];
  put({ kind: "human", id: chain.human, terms: { roles: ["admin"], name: sealed }, state: { status: "active" } });
  put({
    kind: "device",
    id: chain.device,
    terms: { owner: chain.human, jwk: deviceKey.jwk, jkt: deviceKey.jkt, tier: "software", name: sealed },
    state: { status: "active" },
  });
  const evidence = signEvidence(deviceKey, {
    device: chain.device,
    posture: { os: { platform: "linux", id: "debian", version: "12", kernel: null }, facts: {} },
    nonce: null,
    now: clock.now,
  });
  put({ kind: "posture", id: chain.device, terms: { evidence }, state: { status: "reported" } });
  put({
    kind: "agent",
    id: chain.agent,
    terms: { name: "coder", owner: chain.human, purpose: sealed, scope: grants, expiresAt: until, salt: "" },
    state: { status: "active", executables: [] },
  });
  put({
    kind: "task",
    id: chain.task,
    terms: {
      ...chain,
      session: "ses_1",
      purpose: sealed,
      grants,
      openedAt: until,
      expiresAt: until,
      idleSeconds: 900,
      runtime: null,
    } as never,
    state: { status: "live", jkts: ["jkt"], cause: null },
  });
  const upstream = {
    kind: "mcp",
    command: ["x"],
    url: null,
    env: {},
    auth: null,
    effects: {},
    resources: {},
    critical: [],
    pins: { tool: "h" },
  } as const;
  put({ kind: "upstream", id: "files", terms: upstream, state: { status: "active" } });
  const act: Bench["act"] = (call) => ({
    claims: { ok: true, chain, jkt: "jkt", agentProof: "declared" },
    call: {
      upstream: "files",
      method: "tools/call",
      tool: "tool",
      toolDefinitionHash: "h",
      action: "mcp:files/tool",
      resource: "file:/a",
      effect: "destructive",
      arguments: { path: "/a" },
      ...call,
    },
    signal: new AbortController().signal,
  });
  return { point, control, chain, clock, deviceKey, act, put };
}

/** What happened at both ends of one action, in order. */
export class Ends {
  readonly events: string[] = [];
  refusal: Parameters<Releaser<string>["refusal"]>[0] | null = null;
  /** Runs when the upstream got the call; decides its answer. */
  onWrite: (onPartial: (partial: unknown) => void) => Promise<UpstreamAnswer<string>> = async () =>
    await Promise.resolve({ ok: true, status: "ok", value: "done", bytes: Buffer.from("done") });
  onPrepare: () => Promise<void> = async () => await Promise.resolve();
  onCancel: () => void = () => undefined;

  readonly effector = {
    prepare: async (): Promise<Prepared<string>> => {
      await this.onPrepare();
      this.events.push("prepared");
      return {
        ok: true,
        write: async (onPartial) => {
          this.events.push("written");
          return await this.onWrite(onPartial);
        },
        cancel: () => {
          this.events.push("cancelled");
          this.onCancel();
        },
      };
    },
  };
  readonly releaser: Releaser<string> = {
    partial: (partial) => this.events.push(`partial ${String(partial)}`),
    answer: (value) => this.events.push(`answered ${value}`),
    refusal: (refusal) => {
      this.refusal = refusal;
      this.events.push(`refused ${refusal.code}`);
    },
  };
}
