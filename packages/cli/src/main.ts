import { setTimeout as wait } from "node:timers/promises";
import { pooledRandom } from "@countersign/credentials";
import { keepCompiledCode } from "./compiled-code.ts";
import { readEnvironment } from "./environment.ts";

// The entry of `bin/countersign`: real streams, clock, randomness and signals. Nothing else in this package touches them.
const env = readEnvironment();
keepCompiledCode(env.cacheDir);

const stop = new AbortController();
let hearing: ((name: NodeJS.Signals) => void) | null = null;
function heard(name: NodeJS.Signals): void {
  if (hearing !== null) {
    hearing(name);
    return;
  }
  // Once: a second one ends the process at once, whatever still hangs.
  process.off(name, heard);
  stop.abort(name);
}
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, heard);
// `countersign ledger tail | head`: whoever read has gone, so there is nothing left to do.
process.stdout.on("error", () => {
  stop.abort("EPIPE");
});

const [{ run }, { openPage }] = await Promise.all([import("./run.ts"), import("./open-page.ts")]);
process.exitCode = await run(process.argv.slice(2), {
  env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  random: pooledRandom(),
  pause: async (milliseconds) => {
    await wait(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
  },
  signal: stop.signal,
  onSignal: (take) => {
    hearing = take;
    return () => {
      hearing = null;
    };
  },
  openPage: (url) => openPage(url, env),
});
