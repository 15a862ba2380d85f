import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from "vitest/node";
import { tallyLine } from "./test-tally.ts";

/**
 * Ends a run with the plain line `N passed, N failed`, and lists above it what was skipped and why.
 * A reason is what the test gave to `context.skip(reason)`. Under COUNTERSIGN_CI a skipped test fails the run.
 */
export class TestReporter implements Reporter {
  private vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()]);
    const chosenByName = this.vitest?.config.testNamePattern !== undefined;
    const skipped = chosenByName ? [] : cases.filter((test) => test.result().state === "skipped");
    const broken = modules.flatMap((module) => [module, ...module.children.allSuites()]).filter(hasErrors);
    const tally = {
      passed: cases.filter((test) => test.result().state === "passed").length,
      // INVARIANT: a test that never got a result, a file that did not load and a stray rejection all count as failed.
      failed: cases.filter(isFailed).length + broken.length + unhandled.length,
      skipped: skipped.length,
    };
    for (const test of skipped)
      process.stdout.write(`SKIPPED ${test.module.relativeModuleId} > ${test.fullName}: ${reasonOf(test)}\n`);
    if (skipped.length > 0 && process.env["COUNTERSIGN_CI"] !== undefined) {
      process.stdout.write("nothing may be skipped here: install what the lines above name\n");
      process.exitCode = 1;
    }
    if (cases.length === 0 && broken.length === 0) process.exitCode = 1;
    process.stdout.write(`${tallyLine(tally)}\n`);
  }
}

function isFailed(test: TestCase): boolean {
  const { state } = test.result();
  return state === "failed" || state === "pending";
}

function hasErrors(part: TestModule | TestSuite): boolean {
  return part.errors().length > 0;
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" && result.note) || "no reason given";
}
