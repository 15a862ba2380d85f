import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Chance } from "./chance.ts";
import { type Verdict, check } from "./check/check.ts";
import type { History, Scope, Stop } from "./check/history.ts";
import type { Cluster, GatewayNode } from "./cluster/cluster.ts";
import type { People } from "./cluster/people.ts";
import { BUSY, IdleTime } from "./idle-time.ts";
import { LedgerReader } from "./ledger.ts";
import { Agents, type Upstream } from "./load.ts";
import { Nemesis } from "./nemesis.ts";
import { nowMs } from "./sightings.ts";
import { Stopping } from "./stopping.ts";
import { Works, notesOf } from "./works.ts";
import { World } from "./world.ts";

export interface FaultRunOptions {
  readonly seed: number;
  readonly servers: number;
  readonly gateways: number;
  /** Stops that are asked for at the same time. */
  readonly stoppers: number;
  readonly say: (line: string) => void;
}
export interface RoundResult {
  readonly stops: readonly Stop[];
  readonly history: History;
  readonly verdict: Verdict;
  /** What is wrong with the ledger as a whole. */
  readonly ledger: string | null;
  /** Share of the machine's time that nobody used. */
  readonly idle: number;
}

/** Lease and margin of a new installation, the second by which a server that did not take a stop lets the other go first, and what machines need. */
const PATIENCE = { leaseMs: 3500, slackMs: 6000 };
/** On a machine that has no time left only stops count that hardly ever end. */
const BUSY_PATIENCE = { ...PATIENCE, slackMs: 30_000 };
/** How long it may take until all gateways hold their lease again and have handed over what they recorded. */
const CALM_MS = 90_000;

/** A cluster under load that is broken at random, round after round, while stops are asked for. */
export class FaultRun {
  private readonly options: FaultRunOptions;
  private readonly world: World;
  private readonly folder: string;
  private readonly cluster: Cluster;
  private readonly people: People;
  private readonly upstream: Upstream;
  private readonly chance: Chance;
  private readonly reader: LedgerReader;
  private rounds = 0;

  private constructor(options: FaultRunOptions, world: World) {
    this.options = options;
    this.world = world;
    this.folder = world.folder;
    this.cluster = world.cluster;
    this.people = world.people;
    this.upstream = world.upstream;
    this.chance = new Chance(options.seed);
    this.reader = new LedgerReader(world.cluster);
  }

  static async begin(options: FaultRunOptions): Promise<FaultRun> {
    options.say(`seed ${String(options.seed)}`);
    return new FaultRun(options, await World.begin(options));
  }

  async round(forMs: number): Promise<RoundResult> {
    this.rounds += 1;
    const since = nowMs();
    const agents = new Agents(join(this.folder, `agents-${String(this.rounds)}.log`));
    try {
      const stopping = new Stopping(this.people, this.chance);
      const works = new Works({ cluster: this.cluster, people: this.people, agents, stopping });
      await this.people.report();
      await works.openAll();
      const idleTime = new IdleTime();
      const nemesis = new Nemesis(this.cluster, this.chance, this.options.say);
      const breaking = nemesis.run();
      const until = nowMs() + forMs;
      await Promise.all(
        Array.from({ length: this.options.stoppers }, async () => await this.stopper(works, stopping, until)),
      );
      await Promise.all([breaking, nemesis.end()]);
      const idle = idleTime.share();
      await this.calm();
      await agents.end();
      await stopping.liftOthers("all");
      const { stops } = stopping;
      return await this.judged({ since, stops, disruptions: nemesis.disruptions, agents, idle });
    } finally {
      agents.kill();
    }
  }

  /** Asks for one stop after the other, looks that it holds, and lifts it. */
  private async stopper(works: Works, stopping: Stopping, until: number): Promise<void> {
    while (nowMs() < until) {
      const stop = await stopping.stop(this.scope(works));
      if (stop === null || stop.receiptAt === null) continue;
      this.options.say(`stopped ${stop.scope.type} in ${(stop.receiptAt - stop.requestedAt).toFixed(0)} ms`);
      await delay(this.chance.between(100, 1500));
      // Who rests because it was stopped tries again: nothing of that may pass.
      works.retry();
      await delay(300);
      await stopping.thaw(stop);
      await works.reopen(stop.scope);
    }
  }

  private scope(works: Works): Scope {
    const { chance, people } = this;
    const dice = chance.next();
    if (dice < 0.03) return { type: "all", value: "*" };
    if (dice < 0.06) return { type: "owner", value: people.human };
    if (dice < 0.09) return { type: "device", value: people.device };
    const gateway = chance.one<GatewayNode>(this.cluster.gateways);
    if (dice < 0.4) return { type: "task", value: chance.one(works.tasksAt(gateway.name)) };
    if (dice < 0.6) return { type: "resource", value: notesOf(gateway.name) };
    return { type: "agent", value: people.agents.get(gateway.name) ?? "" };
  }

  /** Waits until every gateway holds its lease. @throws Error with those that do not */
  private async calm(): Promise<void> {
    const ends = nowMs() + CALM_MS;
    let waiting = this.cluster.gateways;
    for (; waiting.length > 0; await delay(200)) {
      const ready = await Promise.all(waiting.map(isReady));
      waiting = waiting.filter((_, i) => ready[i] === false);
      if (waiting.length > 0 && nowMs() > ends)
        throw new Error(
          `without a lease long after everything was whole: ${waiting.map(({ name }) => name).join(", ")}`,
        );
    }
  }

  private async judged({
    since,
    stops,
    disruptions,
    agents,
    idle,
  }: {
    readonly since: number;
    readonly stops: readonly Stop[];
    readonly disruptions: History["disruptions"];
    readonly agents: Agents;
    readonly idle: number;
  }): Promise<RoundResult> {
    const endedAt = nowMs();
    const seen = { arrived: this.upstream.arrived(since), received: agents.received(), stops, disruptions, endedAt };
    for (;;) {
      const history = { ...seen, ledger: await this.reader.entries() };
      const verdict = check(history, idle < BUSY ? BUSY_PATIENCE : PATIENCE);
      // What points recorded while they were cut off comes in little by little.
      const late = verdict.faults.some(({ kind }) => kind === "lost_outcome" || kind === "lost_entry");
      if (!late || nowMs() > endedAt + CALM_MS)
        return { stops, history, verdict, idle, ledger: await this.reader.verified(this.folder) };
      await delay(1000);
    }
  }

  /** `keep`: the logs stay where they are. */
  async close(keep: boolean): Promise<void> {
    await this.world.close(keep);
  }
}

async function isReady({ url }: GatewayNode): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
