import { readEnvironment } from "../environment.ts";
import { keepCompiledCode } from "../compiled-code.ts";

// The entry of the process that `hook-call.cjs` starts: it keeps the keys of the tasks of all client sessions of one user.
const env = readEnvironment();
keepCompiledCode(env.cacheDir);
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
const { runResident } = await import("./run-resident.ts");
const [place = "", ...flags] = process.argv.slice(2);
await runResident({ place, flags, env, signal: stop.signal });
