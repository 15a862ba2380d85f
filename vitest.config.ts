import type { TestProjectInlineConfiguration, ViteUserConfig } from "vitest/config";
import { keepCompiledCode } from "./tools/keep-compiled-code.ts";
import { LongestFirst } from "./tools/test-order.ts";
import { TestReporter } from "./tools/test-reporter.ts";

const WORKERS = 3;

keepCompiledCode(new URL("node_modules/.cache/compiled/", import.meta.url));

/**
 * Three files at a time, of all projects together: many wait for leases, processes or a browser, so that two cores have work for a third.
 * Projects differ in how long a test may take.
 */
const config: ViteUserConfig = {
  test: {
    reporters: ["default", new TestReporter()],
    maxWorkers: WORKERS,
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    projects: [
      project("unit", ["packages/**/*.test.ts", "bench/**/*.test.ts", "conformance/**/*.test.ts"], 20_000),
      project("tools", ["tools/**/*.test.ts"], 60_000),
      project("e2e", ["e2e/**/*.test.ts"], 120_000),
    ],
  },
};

function project(name: string, include: string[], timeoutMs: number): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include,
      exclude: ["**/node_modules/**", "**/testdata/**", "out/**"],
      maxWorkers: WORKERS,
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      // What is waited for may come late on a busy machine: only a test's own time ends it.
      expect: { poll: { timeout: 0.75 * timeoutMs } },
    },
  };
}

export default config;
