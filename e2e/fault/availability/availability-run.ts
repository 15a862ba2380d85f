import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Chance } from "../chance.ts";
import { ledgerFaults } from "../check/ledger-faults.ts";
import type { Received } from "../check/history.ts";
import type { ServerNode } from "../cluster/cluster.ts";
import { LedgerReader } from "../ledger.ts";
import { Agents } from "../load.ts";
import { nowMs } from "../sightings.ts";
import { World } from "../world.ts";
import { IdleTime } from "../idle-time.ts";
import { type Outage, judge } from "./judge.ts";
import { Keepsakes } from "./keepsakes.ts";

export interface AvailabilityOptions {
  readonly seed: number;
  readonly servers: number;
  readonly gateways: number;
  /** Servers that are killed before the primary is, each back before the next. */
  readonly kills: number;
  /** How long the operator takes until the standby is promoted. */
  readonly promoteAfterMs: number;
  /** Whether the primary falls silent, as a machine that loses its network does, before it is killed. */
  readonly silently: boolean;
  readonly say: (line: string) => void;
}
export interface AvailabilityResult {
  readonly outages: readonly Outage[];
  readonly received: readonly Received[];
  readonly receipts: number;
  readonly checkpoints: number;
  readonly entries: number;
  /** From the command to promote until the standby was the primary. */
  readonly promotionMs: number;
  /** Share of the machine's time that nobody used while parts were away. */
  readonly idle: number;
  readonly faults: readonly { readonly kind: string; readonly detail: string }[];
}

/** Lease and margin of a new installation: the settings of the run are untouched. */
export const GRACE_MS = 3500;
/** Agents that call at the same time at one gateway. */
const AT_EACH = 3;
/** How long all is well before something is taken away, and before it is back. */
const CALM_MS = 3000;
/** How long it may take until points have handed over what they recorded while there was no server to take it. */
const HAND_OVER_MS = 30_000;

/** Kills servers one by one and then the primary of the database under constant load, has the standby promoted, and judges who noticed. */
export async function availabilityRound(options: AvailabilityOptions): Promise<AvailabilityResult> {
  const { say } = options;
  say(`seed ${String(options.seed)}`);
  const world = await World.begin({ ...options, standby: true });
  let sound = false;
  const agents = new Agents(join(world.folder, "agents.log"));
  try {
    for (const gateway of world.cluster.gateways)
      for (let i = 0; i < AT_EACH; i += 1)
        agents.begin(await world.people.open(`${gateway.name}/${String(i)}`, gateway));
    const keepsakes = new Keepsakes(world);
    const idleTime = new IdleTime();
    const { outages, promotionMs } = await takeAway(world, options);
    const idle = idleTime.share();
    await Promise.all([agents.end(), keepsakes.end()]);
    const result = await judged(world, { outages, received: agents.received(), keepsakes });
    sound = result.faults.length === 0;
    return { ...result, promotionMs, idle };
  } finally {
    agents.kill();
    await world.close(!sound);
  }
}

async function takeAway(
  { cluster }: World,
  { seed, kills, promoteAfterMs, silently, say }: AvailabilityOptions,
): Promise<{ readonly outages: readonly Outage[]; readonly promotionMs: number }> {
  const chance = new Chance(seed);
  const outages: Outage[] = [];
  const left = [...cluster.servers];
  await delay(CALM_MS);
  for (let i = 0; i < kills; i += 1) {
    const server = chance.one<ServerNode>(left);
    left.splice(left.indexOf(server), 1);
    outages.push(await killed(server));
    say(outages.at(-1)?.what ?? "");
    await delay(GRACE_MS + CALM_MS);
    await server.program.start();
    await delay(CALM_MS);
  }
  const from = nowMs();
  if (silently) for (const { database } of cluster.servers) database[0]?.become("swallow");
  await cluster.database.primary.kill9();
  await delay(promoteAfterMs);
  const asked = nowMs();
  await cluster.database.promote();
  const until = nowMs();
  outages.push({ what: silently ? "the primary fell silent" : "the primary was killed", from, until, failover: true });
  say(`the primary was gone, and another one was there ${(until - from).toFixed(0)} ms later`);
  await delay(GRACE_MS + CALM_MS);
  return { outages, promotionMs: until - asked };
}

/** The others are there all the time, so that nothing is missing as soon as it is dead. */
async function killed({ program }: ServerNode): Promise<Outage> {
  const from = nowMs();
  await program.end("SIGKILL");
  return { what: `${program.name} was killed`, from, until: nowMs(), failover: false };
}

async function judged(
  world: World,
  {
    outages,
    received,
    keepsakes,
  }: Pick<AvailabilityResult, "outages" | "received"> & { readonly keepsakes: Keepsakes },
): Promise<Omit<AvailabilityResult, "promotionMs" | "idle">> {
  const arrived = world.upstream.arrived(0);
  const { receipts, checkpoints } = keepsakes;
  // Read anew, from its beginning: what the standby has, whatever the first primary once showed.
  const reader = new LedgerReader(world.cluster);
  const ends = nowMs() + HAND_OVER_MS;
  for (;;) {
    const ledger = await reader.entries();
    const lost = ledgerFaults({ arrived, received, ledger, stops: [], disruptions: [], endedAt: nowMs() });
    if (lost.length > 0 && nowMs() < ends) {
      await delay(500);
      continue;
    }
    const found = [...lost, ...judge({ received, receipts, outages, ledger }, GRACE_MS)];
    const wrong = await reader.verified(world.folder);
    const contradiction = await keepsakes.contradiction(await reader.copied(0, world.folder));
    const faults = [
      ...found,
      ...[wrong, contradiction].flatMap((detail) => (detail === null ? [] : [{ kind: "ledger", detail }])),
    ];
    const counts = { receipts: receipts.length, checkpoints: checkpoints.size, entries: ledger.length };
    return { outages, received, ...counts, faults };
  }
}
