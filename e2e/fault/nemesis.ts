import { setTimeout as delay } from "node:timers/promises";
import type { Postgres } from "../../packages/server/src/testing/index.ts";
import type { Chance } from "./chance.ts";
import type { Disruption } from "./check/history.ts";
import type { Cluster, GatewayNode, ServerNode } from "./cluster/cluster.ts";
import type { Program } from "./cluster/program.ts";
import type { WallClock } from "./cluster/wall-clock.ts";
import type { DroppingProxy, Weather } from "./dropping-proxy.ts";
import { nowMs } from "./sightings.ts";

/** One thing to break: for how long, and how it is made whole. It resolves when it is. */
interface Breakage {
  readonly what: string;
  readonly control: boolean;
  readonly run: () => Promise<void>;
}

/** Longer than lease and margin, so that a process which wakes up has lost its lease. */
const LONG_MS = 6000;
/** By how many seconds clocks jump, at most: within what a control plane bears, and far beyond it. */
const JUMPS_S = [2, 50, 7200];
const SERVER_JUMP_S = 20;
/** Between two breakages. */
const PAUSE_MS = { least: 50, most: 700 };
const MOST_AT_ONCE = 6;
const MOST_STARTS = 30;
const START_PAUSE_MS = 1000;

/** Breaks the parts of a cluster at random, several at once, and makes each whole again. */
export class Nemesis {
  readonly disruptions: Disruption[] = [];
  private readonly cluster: Cluster;
  private readonly chance: Chance;
  private readonly say: (line: string) => void;
  /** Parts that are broken now. */
  private readonly broken = new Set<object>();
  private readonly running = new Set<Promise<void>>();
  private ended = false;
  private failed: Error | null = null;

  constructor(cluster: Cluster, chance: Chance, say: (line: string) => void) {
    this.cluster = cluster;
    this.chance = chance;
    this.say = say;
  }

  /** Breaks until {@link end}. */
  async run(): Promise<void> {
    while (!this.ended) {
      await delay(this.chance.between(PAUSE_MS.least, PAUSE_MS.most));
      if (this.running.size >= MOST_AT_ONCE || this.ended) continue;
      const breakage = this.next();
      if (breakage !== null) this.begin(breakage);
    }
  }

  /** Breaks nothing more, and resolves when everything is whole. @throws Error when something did not come back */
  async end(): Promise<void> {
    this.ended = true;
    await Promise.allSettled(this.running);
    if (this.failed !== null) throw this.failed;
  }

  private begin({ what, control, run }: Breakage): void {
    const from = nowMs();
    this.say(`nemesis: ${what}`);
    const index = this.disruptions.push({ what, control, from, until: Number.POSITIVE_INFINITY }) - 1;
    const done = run().finally(() => {
      this.disruptions[index] = { what, control, from, until: nowMs() };
      this.running.delete(done);
    });
    // What does not come back is said by `end`, and nothing is broken any more.
    done.catch((error: unknown) => {
      this.failed ??= error instanceof Error ? error : new Error(String(error));
      this.ended = true;
    });
    this.running.add(done);
  }

  private next(): Breakage | null {
    const { chance, cluster } = this;
    const dice = chance.next();
    if (dice < 0.01) return this.control(cluster.database, ({ primary }) => this.postgres(primary));
    if (dice < 0.09) return this.control(chance.one(cluster.servers), (server) => this.server(server));
    if (dice < 0.15) return this.control(chance.one(cluster.servers), (server) => this.wayToDatabase(server));
    if (dice < 0.55) return this.part(chance.one(cluster.gateways), (gateway) => this.gateway(gateway));
    return this.part(chance.one(cluster.gateways), (gateway) => this.links(gateway));
  }

  /** Of servers and the database one at a time most often: else there would be little to stop, and nobody who does. */
  private control<T extends object>(part: T, how: (part: T) => Breakage): Breakage | null {
    const broken = this.disruptions.some(({ control, until }) => control && until === Number.POSITIVE_INFINITY);
    return broken && this.chance.next() < 0.9 ? null : this.part(part, how);
  }

  /** What is broken already is let be. */
  private part<T extends object>(part: T, how: (part: T) => Breakage): Breakage | null {
    if (this.broken.has(part)) return null;
    const breakage = how(part);
    this.broken.add(part);
    return { ...breakage, run: async () => await breakage.run().finally(() => this.broken.delete(part)) };
  }

  private postgres(postgres: Postgres): Breakage {
    const kill = this.chance.next() < 0.5;
    return {
      what: kill ? "PostgreSQL is killed and starts again" : "PostgreSQL is started anew",
      control: true,
      run: async () => {
        if (kill) await postgres.kill9();
        await postgres.restart();
      },
    };
  }

  private server({ program, clock }: ServerNode): Breakage {
    if (clock !== null && this.chance.next() < 0.15) return this.jump(program.name, clock, SERVER_JUMP_S);
    return this.process(program.name, { program, control: true });
  }

  private gateway({ program, clock }: GatewayNode): Breakage {
    if (clock !== null && this.chance.next() < 0.15) return this.jump(program.name, clock, this.chance.one(JUMPS_S));
    return this.process(program.name, { program, control: false });
  }

  private jump(name: string, clock: WallClock, mostS: number): Breakage {
    const seconds = this.chance.between(-mostS, mostS);
    const forMs = this.chance.between(1000, LONG_MS);
    return {
      what: `the wall clock of ${name} jumps by ${String(seconds)} s for ${String(forMs)} ms`,
      control: false,
      run: async () => {
        clock.set(seconds);
        await delay(forMs);
        clock.set(0);
      },
    };
  }

  private process(
    name: string,
    { program, control }: { readonly program: GatewayNode["program"]; readonly control: boolean },
  ): Breakage {
    const { chance } = this;
    const dice = chance.next();
    const forMs = chance.between(0, LONG_MS);
    if (dice < 0.4)
      return {
        what: `${name} stands still for ${String(forMs)} ms`,
        control,
        run: async () => {
          program.pause();
          await delay(forMs);
          program.resume();
        },
      };
    const signal = dice < 0.85 ? "SIGKILL" : "SIGTERM";
    return {
      what: `${name} ends by ${signal}, and starts again after ${String(forMs)} ms`,
      control,
      run: async () => {
        await program.end(signal);
        await delay(forMs);
        await startAgain(program);
      },
    };
  }

  private wayToDatabase({ program, database }: ServerNode): Breakage {
    return this.network(`the way of ${program.name} to the database`, database, true);
  }

  private links({ name, links }: GatewayNode): Breakage {
    const { chance } = this;
    const some = chance.next() < 0.5 ? links : [chance.one(links)];
    return this.network(`${some === links ? "all ways" : "one way"} of ${name} to servers`, some, false);
  }

  private network(what: string, ways: readonly DroppingProxy[], control: boolean): Breakage {
    const { chance } = this;
    const forMs = chance.between(100, LONG_MS);
    const weather = chance.one<Weather | "reset">([
      "hold",
      "swallow",
      "swallow",
      "refuse",
      "reset",
      { delayMs: chance.between(5, 2000) },
    ]);
    const words = typeof weather === "object" ? `late by ${String(weather.delayMs)} ms` : weather;
    return {
      what: `${what}: ${words} for ${String(forMs)} ms`,
      control,
      run: async () => {
        for (const way of ways) {
          if (weather === "reset") way.reset();
          else way.become(weather);
        }
        await delay(forMs);
        for (const way of ways) way.become("pass");
      },
    };
  }
}

/** As a supervisor does: a server that finds its database out of reach, broken at the same time, ends and is started again. */
async function startAgain(program: Program): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await program.start();
      return;
    } catch (error) {
      if (tries >= MOST_STARTS) throw error;
      await delay(START_PAUSE_MS);
    }
  }
}
