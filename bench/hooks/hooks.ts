import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HookClient, endResident } from "../../e2e/support/hooks.ts";
import { HOOK_AGENT, startInstallation } from "../gateway/installation.ts";
import { quantile, rounded } from "../statistics.ts";
import { fixed, table } from "../table.ts";

const ROUNDS = 15;
const EACH = 8;
/** What a hook may add to a permitted read of the shell. */
const BAR_MS = 60;

/** What a hook costs its client: a permitted shell read, beside hooks that do nothing, in turn. A process each, as clients start them. */
export async function hooksBench(): Promise<object> {
  const out = fileURLToPath(new URL("../../out", import.meta.url));
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, "bench-hooks-"));
  const installation = await startInstallation(folder, {});
  try {
    await writeFile(join(folder, "a.txt"), "one line\n");
    const client = new HookClient(installation.cli, { cwd: folder, session: "bench", agent: HOOK_AGENT });
    const run = promisify(execFile);
    const samples: Readonly<Record<string, Sampled>> = {
      "sh that does nothing": sampled(async () => void (await run("/bin/sh", ["-c", "exit 0"]))),
      "node that does nothing": sampled(async () => void (await run(process.execPath, ["-e", "0"]))),
      "hook: permitted read": sampled(async () => {
        const { refused } = await client.shell("cat a.txt | head -5");
        if (refused !== null) throw new Error(refused);
      }),
    };
    // The first use starts the resident and opens the task.
    for (const { once } of Object.values(samples)) await once();
    for (const { taken } of Object.values(samples)) taken.splice(0);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const { once } of Object.values(samples)) for (let at = 0; at < EACH; at += 1) await once();
    return report(samples);
  } finally {
    await endResident(installation.cli);
    await installation.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Sampled {
  readonly once: () => Promise<void>;
  /** Milliseconds of each. */
  readonly taken: number[];
}

function sampled(act: () => Promise<void>): Sampled {
  const taken: number[] = [];
  const once = async (): Promise<void> => {
    const begun = performance.now();
    await act();
    taken.push(performance.now() - begun);
  };
  return { once, taken };
}

function report(samples: Readonly<Record<string, Sampled>>): object {
  const of = (name: string, share: number): number => quantile(samples[name]?.taken ?? [], share);
  const rows = Object.keys(samples).map((name) => [name, fixed(of(name, 0.5), 1), fixed(of(name, 0.99), 1)]);
  process.stdout.write(`${table(["one after the other", "p50 ms", "p99 ms"], rows)}\n`);
  process.stdout.write(`\nBar: the hook adds at most ${String(BAR_MS)} ms at p50, its process included.\n`);
  return {
    hook_p50_ms: rounded(of("hook: permitted read", 0.5), 1),
    hook_p99_ms: rounded(of("hook: permitted read", 0.99), 1),
    node_p50_ms: rounded(of("node that does nothing", 0.5), 1),
    sh_p50_ms: rounded(of("sh that does nothing", 0.5), 1),
  };
}
