import { gatewayBench } from "./gateway/gateway.ts";
import { hooksBench } from "./hooks/hooks.ts";
import { postgresBench } from "./postgres/postgres.ts";
import { scaleBench } from "./scale/scale.ts";
import { stopBench } from "./stop/stop.ts";

/** `npm run bench -- NAME`: a readable table, then one last line of JSON. */
const BENCHES: Readonly<Record<string, () => Promise<object>>> = {
  gateway: gatewayBench,
  hooks: hooksBench,
  postgres: postgresBench,
  stop: stopBench,
  scale: async () => await scaleBench(),
};

const name = process.argv[2] ?? "";
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(`usage: npm run bench -- NAME, where NAME is one of: ${Object.keys(BENCHES).join(", ")}\n`);
  process.exitCode = 2;
} else {
  const result = await bench();
  process.stdout.write(`\n${JSON.stringify({ bench: name, ...result })}\n`);
}
