import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Person } from "../../e2e/support/person.ts";
import { Workstation } from "../../e2e/support/workstation.ts";
import { type ReadyChild, startChild } from "../child.ts";
import { AGENT, registered, writeConfiguration } from "../gateway/installation.ts";
import { ECHO_COMMAND } from "../gateway/peers.ts";
import { quantile, rounded } from "../statistics.ts";
import { type Series, drawn } from "./distribution.ts";
import { type LoadTask, monotonicMs } from "./load.ts";
import { offboarding } from "./offboard.ts";
import { type PointsProcess, startPoints } from "./points.ts";
import { type RawFanout, rawFanout } from "./raw-fanout.ts";
import { printStops } from "./report.ts";

/** How many points there are besides those of the control plane's own process. */
const COUNTS: readonly number[] = [1, 10, 100, 1000];
const ROUNDS = 100;
const ROUNDS_OF_MANY = 30;
const WARM = 5;
/** Points at which an agent acts all the time while it is loaded. */
const LOADED = 8;
/** How long agents act on what the next stop covers, in ms. */
const ACTING_MS = 30;
const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));

/** Times for one number of points, in ms. */
export interface StopTimes {
  readonly points: number;
  /** Bare TCP: so many bytes to each connection, and the answers of all. */
  readonly raw: readonly number[];
  /** From the call to its receipt, with nothing else to do and under load. */
  readonly idle: readonly number[];
  readonly loaded: readonly number[];
  /** From the call to the last effect that the upstream saw. */
  readonly lastEffect: readonly number[];
}

/** How long a stop takes until it is acknowledged, beside the floor that the network gives, in the same run. */
export async function stopBench(counts: readonly number[] = countsOf(process.argv[3])): Promise<object> {
  const out = fileURLToPath(new URL("../../out", import.meta.url));
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, "bench-stop-"));
  try {
    const here = await start(folder);
    const times: StopTimes[] = [];
    let unreachableMs = Number.NaN;
    try {
      for (const count of counts) times.push(await measured(here, count));
      unreachableMs = await unreachable(here);
    } finally {
      await here.points.end();
      await here.up.end();
    }
    const offboarded = await offboarding(folder);
    printStops(times, { offboarded, unreachableMs });
    process.stdout.write(`\n${drawn(times.flatMap(seriesOf))}\n`);
    return fields(times, { offboarded, unreachableMs });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `npm run bench -- stop 1,10`: a shorter run. */
function countsOf(text: string | undefined): readonly number[] {
  return text === undefined ? COUNTS : text.split(",").map(Number);
}

interface Here {
  readonly up: ReadyChild<{ api: string; setupUrl: string }>;
  readonly admin: Person;
  readonly points: PointsProcess;
  readonly task: LoadTask;
  joined: number;
  stops: number;
}

async function start(folder: string): Promise<Here> {
  const config = await writeConfiguration(folder, { echo: ECHO_COMMAND });
  const up: Here["up"] = await startChild(
    [LAUNCHER, "up", "--json", "--data", join(folder, "data"), "--config", config],
    { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder } },
  );
  const { api, setupUrl } = up.ready;
  const { person, agent } = await registered(api, setupUrl);
  const laptop = new Workstation(api);
  await laptop.signIn(person);
  const task = await laptop.openTask(AGENT);
  const chain = { human: person.humanId, device: laptop.device, agent, task: task.id } as LoadTask["chain"];
  const points = await startPoints(api);
  return { up, admin: person, points, task: { chain, jkt: task.key.jkt }, joined: 0, stops: 0 };
}

async function measured(here: Here, points: number): Promise<StopTimes> {
  process.stdout.write(`${String(points)} points: joining\n`);
  await here.points.join(points - here.joined, here.admin, `p${String(points)}`);
  here.joined = points;
  const rounds = points > 100 ? ROUNDS_OF_MANY : ROUNDS;
  const raw = await rawFanout(points);
  try {
    for (let i = 0; i < WARM; i += 1) await pair(here, raw);
    const calm = await repeated(rounds, async () => await pair(here, raw));
    const loaded = await underLoad(here, rounds);
    return {
      points,
      raw: calm.map(({ rawMs }) => rawMs),
      idle: calm.map(({ stopMs }) => stopMs),
      loaded: loaded.map(({ stopMs }) => stopMs),
      lastEffect: loaded.map(({ lastMs }) => lastMs),
    };
  } finally {
    await raw.close();
  }
}

/** One of each, right behind each other. */
async function pair(here: Here, raw: RawFanout): Promise<{ rawMs: number; stopMs: number }> {
  const rawMs = await raw.round();
  return { rawMs, stopMs: await stopped(here, nextResource(here)) };
}

async function underLoad(here: Here, rounds: number): Promise<{ stopMs: number; lastMs: number }[]> {
  let resource = nextResource(here);
  await here.points.order({ load: { task: here.task, points: LOADED, resource } });
  const times = await repeated(rounds, async () => {
    await new Promise((resolve) => setTimeout(resolve, ACTING_MS));
    const begun = monotonicMs();
    const stopMs = await stopped(here, resource);
    resource = nextResource(here);
    const { last } = await here.points.order<{ last: number | null }>({ resource });
    return { stopMs, lastMs: Math.max(0, (last ?? begun) - begun) };
  });
  await here.points.order({ quiet: true });
  return times;
}

/** Milliseconds from the call to the receipt that it returns; throws when a point was silent. */
async function stopped({ admin }: Pick<Here, "admin">, resource: string, how = "acknowledged"): Promise<number> {
  const scope = { type: "resource", value: resource };
  const begun = performance.now();
  const receipt = await admin.json<{ points: readonly { how: string }[] }>("/v1/brakes", {
    kind: "freeze",
    scope,
    reason: "bench",
  });
  const tookMs = performance.now() - begun;
  if (!receipt.points.every((point) => point.how === "acknowledged") && how === "acknowledged")
    throw new Error("a point did not acknowledge");
  return tookMs;
}

function nextResource(here: Here): string {
  here.stops += 1;
  return `file:/bench/${String(here.stops)}`;
}

/** A point that is there and says nothing: its process is halted. */
async function unreachable(here: Here): Promise<number> {
  const silent = await startPoints(here.up.ready.api);
  try {
    await silent.join(1, here.admin, "silent");
    process.kill(silent.pid, "SIGSTOP");
    return await stopped(here, nextResource(here), "lease_expired");
  } finally {
    process.kill(silent.pid, "SIGCONT");
    await silent.end();
  }
}

async function repeated<T>(rounds: number, round: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < rounds; i += 1) results.push(await round());
  return results;
}

function seriesOf({ points, raw, idle, loaded, lastEffect }: StopTimes): readonly Series[] {
  const of = `${String(points)} point${points === 1 ? "" : "s"}`;
  return [
    { name: `${of}, bare TCP`, samples: raw },
    { name: `${of}, stop`, samples: idle },
    { name: `${of}, stop under load`, samples: loaded },
    { name: `${of}, last effect`, samples: lastEffect.map((ms) => Math.max(ms, 0.01)) },
  ];
}

export interface Ends {
  readonly offboarded: Readonly<Record<number, number>>;
  readonly unreachableMs: number;
}

function fields(times: readonly StopTimes[], { offboarded, unreachableMs }: Ends): object {
  const keyed = (of: (times: StopTimes) => number): Record<string, number> =>
    Object.fromEntries(times.map((one) => [String(one.points), rounded(of(one), 2)]));
  return {
    p50_ms: keyed(({ idle }) => quantile(idle, 0.5)),
    p99_ms: keyed(({ idle }) => quantile(idle, 0.99)),
    raw_p50_ms: keyed(({ raw }) => quantile(raw, 0.5)),
    raw_p99_ms: keyed(({ raw }) => quantile(raw, 0.99)),
    loaded_p50_ms: keyed(({ loaded }) => quantile(loaded, 0.5)),
    loaded_p99_ms: keyed(({ loaded }) => quantile(loaded, 0.99)),
    last_effect_p99_ms: keyed(({ lastEffect }) => quantile(lastEffect, 0.99)),
    offboard_ms: offboarded,
    offboard_10000_ms: offboarded[10_000] ?? null,
    unreachable_ms: rounded(unreachableMs, 0),
    lease_ms: 3000,
  };
}
