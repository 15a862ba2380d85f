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
import { endingOf } from "./ending.ts";
import { enforce } from "./enforce.ts";
import { Intake } from "./intake.ts";
import { Learning } from "./learning.ts";
import { type Clocks, LEASE_LOST, Lease } from "./lease.ts";
import { type Disposition, type Kept, type LiveAction, LiveActions } from "./live.ts";
import { Renewal } from "./renewal.ts";
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
  /** `host:port` at which clients reach its PostgreSQL, once that is known. */
  readonly postgres?: () => string | null;
  /** Makes the evaluator of a policy set; rejects when the text cannot be used, and then nothing is permitted. */
  readonly compile: (policy: StateRecord<"policy">) => Promise<Evaluator>;
  readonly log: PointLog;
}
export interface PointLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a point answers to a change: that it is applied, with its version, and what became of each action that was in flight. */
export interface Acknowledgement {
  readonly point: PointId;
  readonly name: string;
  readonly generation: number;
  readonly version: number;
  readonly inFlight: readonly { readonly intent: IntentId; readonly disposition: Disposition }[];
}

/** How often it is looked for tasks that ended or stand still, in ms. */
const PRUNE_MS = 10_000;

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
  evaluator: Evaluator | null = null;
  /** The risk of a chain, 0 to 100. Nothing raises it yet. */
  riskOf: (chain: Chain) => number = () => 0;
  private readonly options: PointOptions;
  private readonly stops: Stops = new Stops();
  private readonly intake: Intake;
  private readonly learning: Learning;
  private readonly renewal: Renewal;
  private policyVersion = -1;
  private applying: Promise<void> = Promise.resolve();
  private pruning: NodeJS.Timeout | null = null;
  private stopping = false;
  private taskEnded: ((task: TaskId) => void)[] = [];
  private upstreamChanged: ((upstream: string) => void)[] = [];
  private leaseChanged: ((valid: boolean) => void)[] = [];

  constructor(options: PointOptions) {
    this.options = options;
    this.id = options.id;
    this.name = options.name;
    this.controlPlane = options.controlPlane;
    this.random = options.random;
    this.log = options.log;
    this.lease = new Lease(options.clocks, 0);
    this.intake = new Intake({
      replica: this.replica,
      refused: ({ kind, id }, reason) =>
        this.log.error({ kind, id, reason }, "record refused: its signature is missing or wrong"),
    });
    this.learning = this.makeLearning(options);
    this.renewal = this.makeRenewal(options);
    this.replica.onChange((record) => this.noticed(record));
  }

  private makeLearning({ id, controlPlane, clocks, log }: PointOptions): Learning {
    return new Learning({
      intake: this.intake,
      ask: async (task) => await controlPlane.learn(id, task),
      take: async (learned) => void (await this.apply(learned, () => this.intake.changes(learned))),
      record: (task) => this.replica.get("task", task),
      forget: async (tasks) => await controlPlane.forget(id, tasks),
      inUse: () => this.live.tasks(),
      dropped: (task) => this.taskOver(task),
      monotonicMs: clocks.monotonicMs,
      failed: (err, task) => log.warn({ err, task }, "the control plane was not reached about a task"),
    });
  }

  private makeRenewal({ id, controlPlane, log, url, postgres, random }: PointOptions): Renewal {
    return new Renewal({
      point: id,
      instance: Buffer.from(random(32)).toString("base64url"),
      controlPlane: {
        join: async (hello) => await this.learning.whileJoining(async () => await controlPlane.join(hello)),
        renew: async (renewal) => await controlPlane.renew(renewal),
        leave: async (point) => await controlPlane.leave(point),
      },
      lease: this.lease,
      settings: () => this.settings().lease,
      applied: () => this.replica.version,
      url: url ?? (() => null),
      postgres: postgres ?? (() => null),
      now: () => this.now(),
      tasks: () => this.learning.tasks(),
      drop: (tasks) => this.learning.drop(tasks),
      take: async (answer) => void (await this.apply(answer, () => this.intake.answer(answer))),
      changed: (valid) => this.leaseIs(valid),
      failed: (err) => log.warn({ err }, "lease not renewed"),
    });
  }

  /** Joins the control plane, then renews its lease until {@link stop}. @throws AppError what the control plane refuses it for */
  async start(): Promise<void> {
    await this.renewal.begin();
    this.pruning = setInterval(() => {
      this.learning.prune();
      this.intake.dropLifted(this.now());
    }, PRUNE_MS);
    this.pruning.unref();
  }

  /** Renews at once: the link to the control plane is another one now. Never rejects. */
  renewNow(): void {
    this.renewal.renew().catch((error: unknown) => this.log.error({ err: error }, "lease not renewed"));
  }

  /** Denies everything from here on, and tells the control plane that it need not wait for this point. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.pruning !== null) clearInterval(this.pruning);
    try {
      await this.renewal.end();
    } catch (error) {
      this.log.warn(
        { err: error },
        "the control plane was not told that this point ends; it waits until the lease is over",
      );
    }
  }

  /** Purposes of the tasks that are known, in clear. */
  get purposes(): ReadonlyMap<string, string> {
    return this.learning.purposes;
  }

  /**
   * True when a task, and all that stands behind it, is known here; false when there is none, or nobody said so in time. To be awaited
   * before an action is decided. A credential that shows more than is known of its task asks `again`.
   */
  async learn(task: TaskId, again: "again" | "" = ""): Promise<boolean> {
    if (again === "again") await this.learning.learnAgain(task);
    return await this.learning.learn(task);
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

  /** Keeps what outlives its action in reach of stops, until what is answered is called. */
  keep(kept: Kept): () => void {
    return this.live.keep(kept);
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

  /** Calls back when the lease was lost, and when it holds again. */
  onLease(callback: (valid: boolean) => void): void {
    this.leaseChanged.push(callback);
  }

  onUpstreamChange(callback: (upstream: string) => void): void {
    this.upstreamChanged.push(callback);
  }

  /**
   * Takes in what the control plane pushed. What ends something takes hold in this tick: what it covers is marked before the promise is even
   * returned. The acknowledgement resolves when the change is applied and each marked action has a disposition; pushed again, a stop is
   * acknowledged again, with the same actions. @throws AppError `lease.behind`, `link.malformed`
   */
  async push(change: Snapshot): Promise<Acknowledgement> {
    this.intake.assertNotBehind(change);
    const ended = this.endNow(change.records);
    // INV-3: what began under the old state while this was being applied is marked too, before anything is acknowledged.
    const late = await this.apply(change, () => this.intake.changes(change));
    return {
      point: this.id,
      name: this.name,
      generation: change.generation,
      version: change.version,
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

  /** One change after the other, each whole: `take` puts its records into the replica. Answers the actions that it ended. */
  private async apply({ records }: Snapshot, take: () => void): Promise<readonly LiveAction[]> {
    const next = this.applying.then(async () => {
      take();
      await this.compilePolicy();
      const applied = records.filter(({ kind, id, version }) => this.replica.get(kind, id)?.version === version);
      return [...this.live.stop(applied), ...this.live.decideAgain(applied)];
    });
    this.applying = next.then(
      () => undefined,
      () => undefined,
    );
    return await next;
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
    this.learning.noticed(record);
    if (record.kind === "task" && record.state.status !== "live") this.taskOver(record.id);
    if (record.kind === "upstream") for (const callback of this.upstreamChanged) callback(record.id);
  }

  private taskOver(task: TaskId): void {
    this.brakeTries.delete(task);
    for (const callback of this.taskEnded) callback(task);
  }

  private leaseIs(valid: boolean): void {
    // INV-3: a stop counts a point without a lease as stopped, so nothing that is under way may go on, not even when the lease comes back.
    if (!valid) this.live.stopAll(LEASE_LOST);
    if (!valid && !this.stopping) this.log.error({}, "lease lost: everything is denied until it is renewed");
    for (const callback of this.leaseChanged) callback(valid);
  }
}
