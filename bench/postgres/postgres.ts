import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, quantile, rounded } from "../statistics.ts";
import { syncTimes } from "../sync-time.ts";
import { fixed, table } from "../table.ts";
import { type GuardedDatabase, startGuardedDatabase } from "./guarded-database.ts";
import { type Load, measured } from "./pgbench.ts";

const ROUNDS = 5;
const SECONDS = 2;
const WAYS = ["direct", "proxy", "governed"] as const;
type Name = (typeof WAYS)[number];

const LOADS: readonly Load[] = [
  { script: "S", mode: "prepared", clients: 1, seconds: SECONDS },
  { script: "S", mode: "simple", clients: 1, seconds: SECONDS },
  { script: "S", mode: "prepared", clients: 8, seconds: SECONDS },
  { script: "N", mode: "prepared", clients: 1, seconds: SECONDS },
];

interface Result {
  readonly load: Load;
  /** Medians of rounds, by way. */
  readonly p50: Readonly<Record<Name, number>>;
  readonly p99: Readonly<Record<Name, number>>;
  readonly perSecond: Readonly<Record<Name, number>>;
}

/**
 * What the gateway costs a client of PostgreSQL: pgbench directly, through a bare byte proxy and through the gateway, in turn. Every read
 * and every write is durable in the ledger before its answer is released (`recording: durable`).
 */
export async function postgresBench(): Promise<object> {
  const out = fileURLToPath(new URL("../../out", import.meta.url));
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, "bench-postgres-"));
  const database = await startGuardedDatabase(folder);
  try {
    const syncs: number[] = [];
    const results: Result[] = [];
    for (const load of LOADS) results.push(await compared(database, load, () => syncs.push(...syncTimes(folder, 20))));
    const syncMs = median(syncs);
    print(results, syncMs);
    return fields(results, syncMs);
  } finally {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compared({ ways }: GuardedDatabase, load: Load, probeDisk: () => void): Promise<Result> {
  const rounds = { p50: emptyRounds(), p99: emptyRounds(), perSecond: emptyRounds() };
  for (let round = 0; round <= ROUNDS; round += 1) {
    probeDisk();
    for (const name of WAYS) {
      const { latencies, perSecond } = await measured(ways[name], load);
      // The first round warms up.
      if (round === 0) continue;
      rounds.p50[name].push(quantile(latencies, 0.5));
      rounds.p99[name].push(quantile(latencies, 0.99));
      rounds.perSecond[name].push(perSecond);
    }
  }
  return { load, p50: medians(rounds.p50), p99: medians(rounds.p99), perSecond: medians(rounds.perSecond) };
}

function emptyRounds(): Record<Name, number[]> {
  return { direct: [], proxy: [], governed: [] };
}

function medians(rounds: Record<Name, number[]>): Record<Name, number> {
  return { direct: median(rounds.direct), proxy: median(rounds.proxy), governed: median(rounds.governed) };
}

function print(results: readonly Result[], syncMs: number): void {
  const rows = results.map(({ load, p50, p99, perSecond }) => [
    `-${load.script} ${load.mode}, ${String(load.clients)}`,
    ...WAYS.map((way) => fixed(p50[way], 3)),
    fixed(p99.governed, 3),
    ...WAYS.map((way) => fixed(perSecond[way], 0)),
  ]);
  const head = [
    "pgbench, clients",
    "direct p50 ms",
    "proxy p50",
    "governed p50",
    "p99",
    "direct/s",
    "proxy/s",
    "governed/s",
  ];
  process.stdout.write(`\n${table(head, rows)}\n\nsync of the disk: p50 ${fixed(syncMs, 2)} ms\n`);
}

function fields(results: readonly Result[], syncMs: number): object {
  const [single, , several] = results;
  if (single === undefined || several === undefined) throw new Error("nothing was measured");
  return {
    strict_added_p50_ms: rounded(single.p50.governed - single.p50.direct),
    strict_added_p99_ms: rounded(single.p99.governed - single.p99.direct),
    strict_ratio_to_proxy_tps: rounded(several.perSecond.governed / several.perSecond.proxy),
    sync_ms: rounded(syncMs),
  };
}
