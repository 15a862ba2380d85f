import { globSync } from "node:fs";
import type { Gate, GateResult } from "./gate.ts";
import { cruise } from "./direction.ts";
import { checkLayout } from "./layout.ts";
import { runTool } from "./run-program.ts";

/** Every rule that a tool can check. `npm run check` runs them all; `check.test.ts` shows that each one fires. */
export const GATES: readonly Gate[] = [
  { name: "types", check: types },
  { name: "lint", check: (root) => tool("oxlint", ["--format", "unix"], root) },
  { name: "format", check: (root) => tool("oxfmt", ["--check", "."], root) },
  { name: "dead code", check: (root) => tool("knip", ["--strict", "--no-config-hints"], root) },
  { name: "unused tools", check: (root) => tool("knip", ["--no-config-hints"], root) },
  { name: "direction", check: (root) => cruise(root) },
  { name: "layout", check: (root) => Promise.resolve(checkLayout(root)) },
];

/** The root project, and every part that has a `tsconfig.json` of its own (browser code sees another library). */
async function types(root: string): Promise<GateResult> {
  const projects = [".", ...ownProjects(root)];
  const results = await Promise.all(projects.map((project) => tool("tsc", ["-p", project, "--pretty", "false"], root)));
  const output = results.filter(({ ok }) => !ok).map((result) => result.output);
  return { ok: output.length === 0, output: output.join("\n") };
}

function ownProjects(root: string): readonly string[] {
  return globSync("packages/*/src/**/tsconfig.json", { cwd: root, exclude: ["**/node_modules/**"] }).sort();
}

async function tool(command: string, args: readonly string[], root: string): Promise<GateResult> {
  const ran = await runTool(command, args, root);
  return { ok: ran.exitCode === 0, output: `${ran.stdout}${ran.stderr}`.trim() };
}
