import { cedarConformance } from "./cedar/run.ts";
import { mcpConformance } from "./mcp/run.ts";
import { postgresConformance } from "./postgres/run.ts";
import { stopConformance } from "./stop/run.ts";

/** `npm run conformance -- SUITE [options]`: what was tried, then one last line `N passed, N failed`. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}
type Suite = (options: readonly string[]) => Promise<Tally>;

const SUITES: Readonly<Record<string, Suite>> = {
  cedar: cedarConformance,
  mcp: mcpConformance,
  postgres: postgresConformance,
  stop: stopConformance,
};

const [name = "", ...options] = process.argv.slice(2);
const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
if (suite === undefined) {
  process.stderr.write(
    `usage: npm run conformance -- SUITE, where SUITE is one of: ${Object.keys(SUITES).join(", ")}\n`,
  );
  process.exitCode = 2;
} else {
  const { passed, failed } = await suite(options);
  process.stdout.write(`\n${String(passed)} passed, ${String(failed)} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
