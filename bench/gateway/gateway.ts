import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileServer } from "../../e2e/support/installation.ts";
import { median, rounded } from "../statistics.ts";
import { syncTimes } from "../sync-time.ts";
import { type CoreRates, coreRates } from "./core.ts";
import { SHIM_AGENT, startInstallation } from "./installation.ts";
import { ECHO_COMMAND, type Path, type Tool, directPath, governedPath, proxyPath, stdioPath } from "./peers.ts";
import { printCore, printTransport } from "./report.ts";
import { type Timed, throughput, timedRounds } from "./rounds.ts";

const ROUNDS = 9;
const ROUND_MS = 300;
const IN_FLIGHT = 16;

/**
 * What governing a call costs: the same call of the official client made directly, through a bare SDK proxy and through the gateway,
 * in turn and over loopback only; then whole actions in process, without a transport.
 */
export async function gatewayBench(): Promise<object> {
  // Beside the sources: a temporary folder may lie in memory, where a sync costs nothing.
  const out = fileURLToPath(new URL("../../out", import.meta.url));
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, "bench-gateway-"));
  try {
    const syncs: number[] = [];
    const transport = await transportRates(folder, () => syncs.push(...syncTimes(folder, 20)));
    const core = await coreRates(folder);
    const syncMs = median(syncs);
    printTransport(transport, syncMs);
    printCore(core);
    return fields(transport, core, syncMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface TransportRates {
  readonly timed: readonly Timed[];
  readonly proxyPerSecond: number;
  readonly governedPerSecond: number;
}

async function transportRates(folder: string, probeDisk: () => void): Promise<TransportRates> {
  const files = join(folder, "files");
  await mkdir(files);
  await writeFile(join(files, "note.txt"), "a note of one line\n");
  const echo: Tool = { name: "echo", arguments: { text: "hello" } };
  const read: Tool = { name: "read_text_file", arguments: { path: join(files, "note.txt") } };
  const upstreams = { echo: ECHO_COMMAND, files: fileServer(files) };
  const installation = await startInstallation(folder, upstreams);
  const { pid, task, cli } = installation;
  const governed = (server: string) => ({
    url: `${task.gateway}/mcp/${server}`,
    fetch: task.fetch as typeof fetch,
    pid,
  });
  const shim = { command: [cli.program, "mcp", "echo", "--agent", SHIM_AGENT], cwd: cli.cwd, env: { ...cli.env } };
  const paths: Path[] = [];
  try {
    paths.push(
      await directPath("echo direct", upstreams.echo, echo),
      await proxyPath("echo proxy", upstreams.echo, echo),
      await governedPath("echo governed", governed("echo"), echo),
      await stdioPath("echo shim", shim, echo),
      await directPath("file direct", upstreams.files, read),
      await proxyPath("file proxy", upstreams.files, read),
      await governedPath("file governed", governed("files"), read),
    );
    const timed = await timedRounds(paths, { rounds: ROUNDS, roundMs: ROUND_MS, between: probeDisk });
    const [, proxy, through] = paths;
    const loaded = [proxy, through].filter((path) => path !== undefined);
    const [proxyPerSecond = 0, governedPerSecond = 0] = await throughput(loaded, {
      rounds: 3,
      roundMs: 1000,
      inFlight: IN_FLIGHT,
    });
    return { timed, proxyPerSecond, governedPerSecond };
  } finally {
    await Promise.allSettled(paths.map(async (path) => await path.close()));
    await installation.close();
  }
}

function fields({ timed, governedPerSecond, proxyPerSecond }: TransportRates, core: CoreRates, syncMs: number): object {
  const of = (name: string): Timed | undefined => timed.find((one) => one.name === name);
  const p50 = (name: string): number => rounded(of(name)?.p50Ms ?? Number.NaN);
  const ratio = (governed: string, proxy: string): number => rounded(p50(governed) / p50(proxy), 2);
  return {
    direct_p50_ms: p50("echo direct"),
    proxy_p50_ms: p50("echo proxy"),
    governed_p50_ms: p50("echo governed"),
    governed_p99_ms: rounded(of("echo governed")?.p99Ms ?? Number.NaN),
    governed_per_s: rounded(governedPerSecond, 0),
    ratio_to_proxy: ratio("echo governed", "echo proxy"),
    core_per_cpu_s: rounded(core.perCpuSecond, 0),
    sync_ms: rounded(syncMs),
    proxy_per_s: rounded(proxyPerSecond, 0),
    shim_p50_ms: p50("echo shim"),
    file_direct_p50_ms: p50("file direct"),
    file_proxy_p50_ms: p50("file proxy"),
    file_governed_p50_ms: p50("file governed"),
    file_ratio_to_proxy: ratio("file governed", "file proxy"),
    core_rest_us: rounded(core.restUs, 0),
    core_cedar_us: rounded(core.cedarUs, 0),
  };
}
