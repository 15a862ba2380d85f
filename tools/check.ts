import { fileURLToPath } from "node:url";
import { GATES } from "./gates.ts";

/** `npm run check`: all gates at once, each one's findings together, then one line that sums up. */
const root = fileURLToPath(new URL("..", import.meta.url));
const started = performance.now();
const results = await Promise.all(
  GATES.map(async ({ name, check }) => {
    const begun = performance.now();
    const { ok, output } = await check(root);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stdout.write(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)\n`);
    return { name, ok, output };
  }),
);
for (const { name, output } of results.filter(({ ok }) => !ok)) process.stdout.write(`\n--- ${name}\n${output}\n`);

const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
const which = failed.length === 0 ? "" : `: ${failed.join(", ")}`;
process.stdout.write(
  `\ncheck: ${results.length - failed.length} passed, ${failed.length} failed${which} (${seconds} s)\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
