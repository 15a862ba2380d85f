import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Test files that take ten seconds and more, by what they take when they run alone, the longest first. Three of them install the same
 * coding agents when they are the first to ask, so they do not stand together.
 */
export const LONG: readonly string[] = [
  "e2e/fail-modes.test.ts",
  "e2e/agents.test.ts",
  "packages/server/src/store/postgres/failover.test.ts",
  "e2e/servers.test.ts",
  "e2e/gateway.test.ts",
  "e2e/console/pages.test.ts",
  "e2e/lost-lease.test.ts",
  "e2e/demo.test.ts",
  "e2e/first-run.test.ts",
  "e2e/command-line-mcp.test.ts",
  "e2e/hooks.test.ts",
  "e2e/bad-input.test.ts",
  "e2e/connect.test.ts",
  "e2e/agent-hooks.test.ts",
  "e2e/public-address.test.ts",
  "packages/server/src/ledger/ledger.test.ts",
  "packages/server/src/store/sqlite/sqlite-store.test.ts",
  "packages/server/src/store/postgres/postgres-store.test.ts",
  "packages/server/src/store/postgres/crash.test.ts",
  "packages/cli/src/mcp-bridge/stdio-bridge.test.ts",
];

/**
 * What takes longest begins first, whichever project it is of: no core waits at the end for a file that began late, and what waits
 * (for leases, for a browser) does so beside what computes.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const paths = new Map(files.map((file) => [file, file.moduleId.slice(root.length + 1)]));
    const path = (file: TestSpecification): string => paths.get(file) ?? "";
    return await Promise.resolve(
      files.toSorted((a, b) => rank(path(a)) - rank(path(b)) || (path(a) < path(b) ? -1 : 1)),
    );
  }
}

/** A file with real processes takes longer than one without, if nothing is known of either. */
function rank(path: string): number {
  const known = LONG.indexOf(path);
  if (known !== -1) return known;
  return path.startsWith("packages/") ? LONG.length + 1 : LONG.length;
}
