import type { Gate, GateResult } from "./gate.ts";
import { cruise } from "./direction.ts";
import { checkLayout } from "./layout.ts";
import { runTool } from "./run-program.ts";

/** Every rule that a tool can check. `npm run check` runs them all; `check.test.ts` shows that each one fires. */
export const GATES: readonly Gate[] = [
  { name: "types", check: (root) => tool("tsc", ["-p", ".", "--pretty", "false"], root) },
  { name: "lint", check: (root) => tool("oxlint", ["--format", "unix"], root) },
  { name: "format", check: (root) => tool("oxfmt", ["--check", "."], root) },
  { name: "dead code", check: (root) => tool("knip", ["--strict", "--no-config-hints"], root) },
  { name: "unused tools", check: (root) => tool("knip", ["--no-config-hints"], root) },
  { name: "direction", check: (root) => cruise(root) },
  { name: "layout", check: (root) => Promise.resolve(checkLayout(root)) },
];

async function tool(command: string, args: readonly string[], root: string): Promise<GateResult> {
  const ran = await runTool(command, args, root);
  return { ok: ran.exitCode === 0, output: `${ran.stdout}${ran.stderr}`.trim() };
}
