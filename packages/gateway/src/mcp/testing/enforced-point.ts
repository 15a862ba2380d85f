import { randomBytes } from "node:crypto";
import {
  type BrakeId,
  type HumanId,
  type PointId,
  type StateRecord,
  type TaskId,
  type UpstreamTerms,
  newId,
} from "@countersign/core";
import { type SigningKey, generateSigningKey, mintAccessToken, signEvidence } from "@countersign/credentials";
import {
  type ControlPlane,
  type EntryDraft,
  EnforcementPoint,
  type Held,
  type Recorded,
  type Learned,
  type RenewalRequest,
  type Snapshot,
} from "@countersign/enforce";
import { DEFAULT_POLICIES, createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { type Credential, SETTINGS } from "./permit-point.ts";

const random = (length: number): Uint8Array => randomBytes(length);
const ISSUER = "https://issuer.example";

/** A control plane in memory: it records what it is asked to, unless it is told to fail. */
class MemoryControlPlane implements ControlPlane {
  readonly entries: EntryDraft[] = [];
  records: Snapshot["records"] = [];
  failing = false;

  join(): Promise<Snapshot> {
    return Promise.resolve({ generation: 1, version: 1, records: this.records });
  }
  renew({ applied }: RenewalRequest): Promise<Snapshot> {
    return Promise.resolve({ generation: 1, version: applied, records: [] });
  }
  /** What it knows of tasks is what the test has put into the replica. */
  known: (task: TaskId) => Snapshot["records"] = () => [];
  learn(_point: PointId, task: TaskId): Promise<Learned> {
    return Promise.resolve({ generation: 1, version: 1000, records: this.known(task), purpose: null });
  }
  forget(): Promise<void> {
    return Promise.resolve();
  }
  leave(): Promise<void> {
    return Promise.resolve();
  }
  record({ entries }: { readonly entries: readonly EntryDraft[] }): Promise<Recorded> {
    if (this.failing) return Promise.reject(new Error("the disk is full"));
    this.entries.push(...entries);
    return Promise.resolve({ ok: true });
  }
  hold({ entry }: { readonly entry: EntryDraft }): Promise<Held> {
    this.entries.push(entry);
    const approval = newId("apr", Date.now(), random);
    const salt = Buffer.from(random(32)).toString("base64url");
    return Promise.resolve({
      approval,
      state: "pending",
      url: `http://localhost/approve/${approval}`,
      approver: "Ada",
      entry: entry.id,
      salt,
    });
  }
  denial(): Promise<null> {
    return Promise.resolve(null);
  }
  brakeReason(): Promise<null> {
    return Promise.resolve(null);
  }
  secret(): Promise<null> {
    return Promise.resolve(null);
  }
  heldCall(): Promise<null> {
    return Promise.resolve(null);
  }
  severTask(): Promise<void> {
    return Promise.resolve();
  }
  touch(): void {
    // Nothing idles here.
  }
  merge(): Promise<never> {
    return Promise.reject(new Error("no spool here"));
  }
}

export interface Enforced {
  readonly point: EnforcementPoint;
  readonly control: MemoryControlPlane;
  readonly credential: Credential;
  put(kind: "upstream", id: string, terms: UpstreamTerms): void;
  endTask(): void;
  /** The credential of a second task of the same people. */
  anotherTask(): Credential;
  freeze(): ReturnType<EnforcementPoint["push"]>;
}

/** The real enforcement point with the default policies, a whole and healthy chain, and the credential of its task. */
export async function enforcedPoint(): Promise<Enforced> {
  const monotonicMs = (): number => performance.now();
  const control = new MemoryControlPlane();
  const settings = {
    ...SETTINGS,
    approvals: { waitSeconds: 0, expirySeconds: 900 },
    lease: { ...SETTINGS.lease, seconds: 60, renewSeconds: 3600 },
  };
  const genesis = { version: 1, state: { status: "active" }, authority: "genesis" };
  control.records = [
    { kind: "settings", id: "settings", terms: settings, ...genesis } as never,
    {
      kind: "policy",
      id: newId("pol", Date.now(), random),
      terms: { text: DEFAULT_POLICIES, hash: "" },
      ...genesis,
    } as never,
  ];
  const issuer = generateSigningKey();
  const point = new EnforcementPoint({
    id: newId("ep", Date.now(), random),
    name: "mcp",
    controlPlane: control,
    clocks: { monotonicMs, wallMs: Date.now, uptimeMs: monotonicMs },
    random,
    issuer: { keys: [issuer.jwk], issuer: ISSUER, audience: "gateway" },
    compile: async ({ terms }) => {
      const parsed = await parsePolicies(terms.text);
      if (!parsed.ok) throw new Error("the default policies do not parse");
      return createCedarEvaluator(parsed.set);
    },
    log: { warn: () => undefined, error: () => undefined },
  });
  control.known = (task) => [point.replica.get("task", task) ?? []].flat();
  await point.start();
  let version = 1;
  const apply = (record: object): void => {
    version += 1;
    point.replica.apply({ authority: null, ...record, version } as never);
  };
  const credential = putChain(apply, issuer);
  return {
    point,
    control,
    credential,
    put: (kind, id, terms) => apply({ kind, id, terms, state: { status: "active" } }),
    endTask: () => {
      const task = point.replica.get("task", credential.chain.task);
      apply({ ...task, state: { status: "ended", jkts: [credential.key.jkt], cause: null } });
    },
    anotherTask: () => putChain(apply, issuer),
    freeze: async () => {
      version += 1;
      const id: BrakeId = newId("brk", Date.now(), random);
      const terms = {
        kind: "freeze",
        scope: { type: "all", value: "*" },
        reason: "stop",
        by: "test",
        at: new Date().toISOString(),
        agents: [],
      } as const;
      const brake: StateRecord<"brake"> = {
        kind: "brake",
        id,
        version,
        terms,
        state: { status: "active" },
        authority: null,
      };
      return await point.push({ generation: 1, version, records: [brake] });
    },
  };
}

/** Human, device with a fresh report, agent, task: everything that stands behind the credential that is returned. */
function putChain(apply: (record: object) => void, issuer: SigningKey): Credential {
  const make = <P extends "hum" | "dev" | "agt" | "tsk">(prefix: P) => newId(prefix, Date.now(), random);
  const chain = { human: make("hum"), device: make("dev"), agent: make("agt"), task: make("tsk") };
  const [device, key] = [generateSigningKey(), generateSigningKey()];
  const sealed = (person: HumanId): object => ({ person, box: "" });
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const grants = [{ action: "**", resource: "**" }];
  const report = { os: { platform: "linux", id: "debian", version: "12", kernel: null }, facts: {} };
  const evidence = signEvidence(device, { device: chain.device, posture: report, nonce: null, now: Date.now() });
  const name = sealed(chain.human);
  apply({ kind: "human", id: chain.human, terms: { roles: ["admin"], name }, state: { status: "active" } });
  const terms = { owner: chain.human, jwk: device.jwk, jkt: device.jkt, tier: "software", name };
  apply({ kind: "device", id: chain.device, terms, state: { status: "active" } });
  apply({ kind: "posture", id: chain.device, terms: { evidence }, state: { status: "reported" } });
  const agent = { name: "coder", owner: chain.human, purpose: name, scope: grants, expiresAt: until, salt: "" };
  apply({ kind: "agent", id: chain.agent, terms: agent, state: { status: "active", executables: [] } });
  const task = {
    ...chain,
    session: "ses_1",
    purpose: name,
    grants,
    openedAt: until,
    expiresAt: until,
    idleSeconds: 900,
    runtime: null,
  };
  apply({ kind: "task", id: chain.task, terms: task, state: { status: "live", jkts: [key.jkt], cause: null } });
  const now = { now: Date.now(), random };
  const token = mintAccessToken({ issuer: ISSUER, audience: ["gateway"], chain, jkt: key.jkt, grants }, issuer, now);
  return { chain, key, token };
}
