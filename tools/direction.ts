import { existsSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "./gate.ts";
import { runTool } from "./run-program.ts";
import { sourceFiles } from "./source-files.ts";

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

const FOLDERS = ["packages", "e2e", "bench", "conformance", "tools"];

/** Dependency direction. Fails as well when the tool did not look at every source file: a silent gate is worse than none. */
export async function cruise(root: string): Promise<GateResult> {
  const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
  const present = sourceFiles(root, folders);
  const args = ["--config", ".dependency-cruiser.mjs", "--output-type", "json", ...folders];
  const ran = await runTool("depcruise", args, root);
  let report: Report;
  try {
    report = JSON.parse(ran.stdout) as Report;
  } catch {
    return { ok: false, output: `${ran.stdout}${ran.stderr}`.trim() };
  }
  const seen = new Set(report.modules.map(({ source }) => source));
  const unseen = present.filter((file) => !seen.has(file) && existsSync(join(root, file)));
  const lines = [
    ...report.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`),
    ...unseen.map((file) => `not-cruised: ${file} was not looked at`),
    ...(seen.size === 0 ? ["not-cruised: no file was looked at"] : []),
  ];
  return { ok: lines.length === 0, output: lines.join("\n") };
}
