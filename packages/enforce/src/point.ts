import type {
  AnyRecord,
  ApprovalId,
  Chain,
  HeldCall,
  IntentId,
  PointId,
  PublicJwk,
  Random,
  Settings,
  StateRecord,
  TaskId,
} from "@countersign/core";
import type { Evaluator } from "@countersign/policy";
import type { Action, Effector, Releaser } from "./action.ts";
import { admitAll } from "./admission.ts";
import type { ControlPlane, Snapshot } from "./control-plane.ts";
import { enforce } from "./enforce.ts";
import { type Clocks, Lease } from "./lease.ts";
import { endingOf } from "./ending.ts";
import { type Disposition, type LiveAction, LiveActions } from "./live.ts";
import { Replica } from "./replica.ts";
import { Stops } from "./stops.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface PointOptions {
  readonly id: PointId;
  readonly name: string;
  readonly controlPlane: ControlPlane;
  readonly clocks: Clocks;
  readonly random: Random;
  readonly issuer: { readonly keys: readonly PublicJwk[]; readonly issuer: string; readonly audience: string };
  /** Where clients reach this point, once that is known. */
  readonly url?: () => string | null;
  /** The task's purpose in clear, for policies; null when it was erased. */
  readonly purposeOf: (task: StateRecord<"task">) => Promise<string | null>;
  /** Makes the evaluator of a policy set; rejects when the text cannot be used, and then nothing is permitted. */
  readonly compile: (policy: StateRecord<"policy">) => Promise<Evaluator>;
  readonly log: PointLog;
}
export interface PointLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a point answers to a stop: the version that it has applied and what became of each action that was in flight. */
export interface Acknowledgement {
  readonly point: PointId;
  readonly name: string;
  readonly generation: number;
  readonly version: number;
  readonly inFlight: readonly { readonly intent: IntentId; readonly disposition: Disposition }[];
}

/**
 * One enforcement point: a replica of what it must know, a lease on it, and the actions on their way. It decides locally; without a
 * valid lease it denies everything.
 */
export class EnforcementPoint {
  readonly id: PointId;
  readonly name: string;
  readonly replica: Replica = new Replica();
  readonly lease: Lease;
  readonly live: LiveActions = new LiveActions();
  readonly controlPlane: ControlPlane;
  readonly random: Random;
  readonly log: PointLog;
  /** Bounds what strangers can write to the ledger: beyond it their refusals are only counted. */
  readonly strangers: TokenBucket = new TokenBucket(100, 10);
  unrecorded = 0;
  /** Tries against a brake, by task (design 6: three sever it). */
  readonly brakeTries: Map<TaskId, number> = new Map();
  /** Purposes of live tasks, in clear. */
  readonly purposes: Map<string, string> = new Map();
  evaluator: Evaluator | null = null;
  /** The risk of a chain, 0 to 100. Nothing raises it yet. */
  riskOf: (chain: Chain) => number = () => 0;
  private readonly options: PointOptions;
  private readonly stops: Stops = new Stops();
  /** Known to this process alone: what may renew. */
  private readonly instance: string;
  private generation = 0;
  private policyVersion = -1;
  private applying: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private renewing = false;
  private taskEnded: ((task: TaskId) => void)[] = [];
  private upstreamChanged: ((upstream: string) => void)[] = [];

  constructor(options: PointOptions) {
    this.options = options;
    this.id = options.id;
    this.name = options.name;
    this.controlPlane = options.controlPlane;
    this.random = options.random;
    this.log = options.log;
    this.instance = Buffer.from(options.random(32)).toString("base64url");
    this.lease = new Lease(options.clocks, 0);
    this.replica.onChange((record) => this.noticed(record));
  }

  /** Joins the control plane: takes a snapshot, then renews its lease until {@link stop}. */
  async start(): Promise<void> {
    const sent = this.lease.reading();
    const snapshot = await this.controlPlane.join({
      point: this.id,
      instance: this.instance,
      applied: 0,
      tasks: [],
      url: this.options.url?.() ?? null,
      clock: this.now(),
    });
    await this.apply(snapshot);
    this.lease.extend(sent, snapshot.generation, this.settings().lease.seconds * 1000);
    this.timer = setInterval(() => void this.renew(), this.settings().lease.renewSeconds * 1000);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.lease.drop();
  }

  settings(): Settings {
    const settings = this.replica.get("settings", "settings");
    if (settings === undefined) throw new Error("the point has no settings yet");
    return settings.terms;
  }

  issuer(): PointOptions["issuer"] {
    return this.options.issuer;
  }

  now(): number {
    return this.options.clocks.wallMs();
  }

  async enforce<A>(action: Action, effector: Effector<A>, releaser: Releaser<A>): Promise<void> {
    await enforce(this, action, { effector, releaser });
  }

  async heldCall(approval: ApprovalId, chain: Chain): Promise<HeldCall | null> {
    return await this.controlPlane.heldCall(approval, chain);
  }

  /** A secret of an upstream, by the name in its terms. */
  async secret(name: string): Promise<string | null> {
    return await this.controlPlane.secret(name);
  }

  onTaskEnd(callback: (task: TaskId) => void): void {
    this.taskEnded.push(callback);
  }

  onUpstreamChange(callback: (upstream: string) => void): void {
    this.upstreamChanged.push(callback);
  }

  /**
   * Takes in what the control plane pushed. What ends something takes hold in this tick: what it covers is marked before the promise is even
   * returned. The acknowledgement resolves when everything up to that version is applied and each marked action has a disposition; pushed
   * again, a stop is acknowledged again, with the same actions.
   */
  async push(change: Snapshot): Promise<Acknowledgement> {
    const ended = change.generation >= this.generation ? this.endNow(change.records) : [];
    // INV-3: what began under the old state while this was being applied is marked too, before anything is acknowledged.
    const late = await this.apply(change);
    return {
      point: this.id,
      name: this.name,
      generation: this.generation,
      version: this.replica.version,
      inFlight: await this.stops.dispositions(change.records, [...ended, ...late]),
    };
  }

  /** Applies what ends something, as far as it may be believed, and marks what it covers: in one synchronous step. */
  private endNow(records: readonly AnyRecord[]): readonly LiveAction[] {
    const news = records.filter(
      (record) =>
        endingOf(record) !== null && (this.replica.get(record.kind, record.id)?.version ?? 0) < record.version,
    );
    admitAll(news, this.replica);
    return this.live.stop(news);
  }

  private async renew(): Promise<void> {
    if (this.renewing) return;
    this.renewing = true;
    try {
      const sent = this.lease.reading();
      const renewal = await this.controlPlane.renew({
        point: this.id,
        instance: this.instance,
        applied: this.replica.version,
        clock: this.now(),
      });
      await this.apply(renewal);
      if (!this.lease.extend(sent, renewal.generation, this.settings().lease.seconds * 1000)) {
        this.log.error({ generation: renewal.generation }, "renewal of a lower generation refused");
      }
    } catch (error) {
      // Silence ends the lease by itself: nothing is extended here.
      this.log.warn({ err: error }, "lease not renewed");
    } finally {
      this.renewing = false;
    }
  }

  /** One change after the other, so that `version` never runs ahead of what is applied. */
  private async apply(change: Snapshot): Promise<readonly LiveAction[]> {
    const next = this.applying.then(async () => await this.applyNow(change));
    this.applying = next.then(
      () => undefined,
      () => undefined,
    );
    return await next;
  }

  /** Answers the actions that the change ended. */
  private async applyNow(change: Snapshot): Promise<readonly LiveAction[]> {
    if (change.generation < this.generation) throw new Error("change of a lower generation refused");
    this.generation = change.generation;
    for (const { record, reason } of admitAll(change.records, this.replica)) {
      this.log.error({ kind: record.kind, id: record.id, reason }, "record refused: its signature is missing or wrong");
    }
    await this.readPurposes(change.records);
    await this.compilePolicy();
    this.replica.version = Math.max(this.replica.version, change.version);
    const applied = change.records.filter(({ kind, id, version }) => this.replica.get(kind, id)?.version === version);
    return [...this.live.stop(applied), ...this.live.decideAgain(applied)];
  }

  private async readPurposes(records: readonly AnyRecord[]): Promise<void> {
    for (const record of records) {
      if (record.kind !== "task" || record.state.status !== "live" || this.purposes.has(record.id)) continue;
      const purpose = await this.options.purposeOf(record);
      if (purpose !== null) this.purposes.set(record.id, purpose);
    }
  }

  private async compilePolicy(): Promise<void> {
    const active = [...this.replica.all("policy")]
      .filter((p) => p.state.status === "active")
      .sort((a, b) => a.version - b.version);
    const policy = active.at(-1);
    if (policy === undefined) {
      this.evaluator = null;
      return;
    }
    if (policy.version === this.policyVersion) return;
    try {
      this.evaluator = await this.options.compile(policy);
    } catch (error) {
      // INV-2: a policy that cannot be used permits nothing.
      this.evaluator = null;
      this.log.error({ err: error, policy: policy.id }, "policy cannot be used");
    }
    this.policyVersion = policy.version;
    this.replica.revision += 1;
  }

  private noticed(record: AnyRecord): void {
    if (record.kind === "task" && record.state.status !== "live") {
      this.brakeTries.delete(record.id);
      this.purposes.delete(record.id);
      for (const callback of this.taskEnded) callback(record.id);
    }
    if (record.kind === "upstream") for (const callback of this.upstreamChanged) callback(record.id);
  }
}
