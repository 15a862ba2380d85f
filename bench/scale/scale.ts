import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Person } from "../../e2e/support/person.ts";
import { Workstation } from "../../e2e/support/workstation.ts";
import { type ReadyChild, startChild } from "../child.ts";
import { AGENT, registered, writeConfiguration } from "../gateway/installation.ts";
import { ECHO_COMMAND } from "../gateway/peers.ts";
import { median, rounded } from "../statistics.ts";
import type { LoadTask } from "../stop/load.ts";
import { startPoints } from "../stop/points.ts";
import { fixed, table } from "../table.ts";
import { fillDirectory } from "./directory.ts";

/** Identities in the directory: people, their devices and agents. */
const SIZES = [1000, 100_000, 10_000_000] as const;
const ROUNDS = 9;
const DECISIONS = 2000;
/** How long a process rests before its memory is read, in ms. */
const REST_MS = 3000;
const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));

interface Measured {
  readonly identities: number;
  /** One decision at the gateway, in µs: medians of rounds. */
  readonly decideUs: number;
  readonly gatewayMb: number;
  readonly serverMb: number;
  /** From the start of a server over what is there until it answers. */
  readonly rebuildS: number;
}

/** What a directory of any size costs those who only serve a few tasks of it. `sizes`: for a shorter run than the whole. */
export async function scaleBench(sizes: readonly number[] = sizesOf(process.argv[3])): Promise<object> {
  const out = fileURLToPath(new URL("../../out", import.meta.url));
  await mkdir(out, { recursive: true });
  const measured: Measured[] = [];
  for (const identities of sizes) {
    const folder = await mkdtemp(join(out, "bench-scale-"));
    try {
      measured.push(await atSize(folder, identities));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  print(measured);
  return fields(measured);
}

function sizesOf(text: string | undefined): readonly number[] {
  if (text === undefined) return SIZES;
  return text.split(",").map(Number);
}

async function atSize(folder: string, identities: number): Promise<Measured> {
  const data = join(folder, "data");
  const config = await writeConfiguration(folder, { echo: ECHO_COMMAND });
  const first = await up(folder, config);
  const { person, agent } = await registered(first.ready.api, first.ready.setupUrl);
  const laptop = new Workstation(first.ready.api);
  await laptop.signIn(person);
  await first.end();
  process.stdout.write(`${String(identities)} identities: filling the directory\n`);
  await fillDirectory(data, identities, (done) => {
    if (done > 0 && done % 1_000_000 < 100_000) process.stdout.write(`  ${String(done)}\n`);
  });
  const begun = performance.now();
  const server = await up(folder, config);
  const rebuildS = (performance.now() - begun) / 1000;
  try {
    // Filling took longer than a report of the device is believed.
    const reported = await person.fetch(`/v1/devices/${laptop.device}/posture`, {
      body: { evidence: laptop.evidence() },
    });
    if (!reported.ok) throw new Error(await reported.text());
    const task = await laptop.openTask(AGENT);
    const chain = { human: person.humanId, device: laptop.device, agent, task: task.id } as LoadTask["chain"];
    const gateway = await atGateway(server.ready.api, person, { chain, jkt: task.key.jkt });
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return { identities, ...gateway, serverMb: residentMb(server.pid), rebuildS };
  } finally {
    await server.end();
  }
}

async function atGateway(
  api: string,
  admin: Person,
  task: LoadTask,
): Promise<Pick<Measured, "decideUs" | "gatewayMb">> {
  const points = await startPoints(api);
  try {
    await points.join(1, admin, "scale");
    const rounds: number[] = [];
    for (let i = 0; i <= ROUNDS; i += 1) {
      const { us } = await points.order<{ us: number }>({ decide: { task, times: DECISIONS } });
      if (i > 0) rounds.push(us);
    }
    return { decideUs: median(rounds), gatewayMb: residentMb(points.pid) };
  } finally {
    await points.end();
  }
}

async function up(folder: string, config: string): Promise<ReadyChild<{ api: string; setupUrl: string }>> {
  return await startChild([LAUNCHER, "up", "--json", "--data", join(folder, "data"), "--config", config], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder },
  });
}

/** Memory that a process holds, in MB (Linux). */
function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

function print(measured: readonly Measured[]): void {
  const rows = measured.map(({ identities, decideUs, gatewayMb, serverMb, rebuildS }) => [
    String(identities),
    fixed(decideUs, 1),
    fixed(gatewayMb, 0),
    fixed(serverMb, 0),
    fixed(rebuildS, 1),
  ]);
  process.stdout.write(`\n${table(["identities", "decide µs", "gateway MB", "server MB", "start s"], rows)}\n`);
}

function fields(measured: readonly Measured[]): object {
  const [least] = measured;
  const most = measured.at(-1);
  if (least === undefined || most === undefined) throw new Error("no size was named");
  const millions = (most.identities - least.identities) / 1e6;
  const keyed = (of: (one: Measured) => number, digits: number): Record<string, number> =>
    Object.fromEntries(measured.map((one) => [String(one.identities), rounded(of(one), digits)]));
  return {
    decide_ratio_1e7: rounded(most.decideUs / least.decideUs, 2),
    gateway_rss_mb: keyed(({ gatewayMb }) => gatewayMb, 0),
    server_mb_per_million: rounded((most.serverMb - least.serverMb) / millions, 1),
    rebuild_s: rounded(most.rebuildS, 1),
    decide_us: keyed(({ decideUs }) => decideUs, 1),
    server_rss_mb: keyed(({ serverMb }) => serverMb, 0),
    identities: most.identities,
  };
}
