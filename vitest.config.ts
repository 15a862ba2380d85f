import type { ViteUserConfig } from "vitest/config";
import { keepCompiledCode } from "./tools/keep-compiled-code.ts";
import { LongestFirst } from "./tools/test-order.ts";
import { TestReporter } from "./tools/test-reporter.ts";

const WORKERS = 3;
const HIDDEN = ["**/node_modules/**", "**/testdata/**", "out/**"];

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
      {
        test: {
          name: "unit",
          include: ["packages/**/*.test.ts", "bench/**/*.test.ts", "conformance/**/*.test.ts"],
          exclude: HIDDEN,
          maxWorkers: WORKERS,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: "tools",
          include: ["tools/**/*.test.ts"],
          exclude: HIDDEN,
          maxWorkers: WORKERS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: HIDDEN,
          maxWorkers: WORKERS,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
};

export default config;
