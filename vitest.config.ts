import type { ViteUserConfig } from "vitest/config";
import { TestReporter } from "./tools/test-reporter.ts";

const HIDDEN = ["**/node_modules/**", "**/testdata/**", "out/**"];

/** Unit tests first, two files at a time; then the end-to-end tests, which start whole processes and a browser. */
const config: ViteUserConfig = {
  test: {
    reporters: ["default", new TestReporter()],
    maxWorkers: 2,
    pool: "forks",
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/**/*.test.ts", "bench/**/*.test.ts", "conformance/**/*.test.ts"],
          exclude: HIDDEN,
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "tools",
          include: ["tools/**/*.test.ts"],
          exclude: HIDDEN,
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: HIDDEN,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
};

export default config;
