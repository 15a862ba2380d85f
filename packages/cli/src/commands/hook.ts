import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Command, command } from "../command/command.ts";
import type { ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";

/** `countersign hook`: the launcher runs `hook-call.cjs` by itself, which is faster; this is the same for whoever comes another way. */
export const hook: Command = command({
  name: "hook",
  summary:
    "Judge one use of a coding agent's own tools: what the agent's hooks call, with their input on standard input",
  flags: {
    client: { kind: "operand", shown: "CLIENT", about: "claude-code, codex, gemini, cursor or opencode" },
    agent: { kind: "text", value: "AGENT", about: "who acts: id or name (default: the name of the client)" },
    ...REACH,
  },
  examples: [
    { line: "hook codex --agent codex", does: "what `countersign connect codex` puts into the hooks of Codex" },
    {
      line: "hook claude-code --agent coder",
      does: "the same for another client; `connect` writes these lines for you",
    },
  ],
  run: async ({ client, agent, server, data }) => {
    const program = fileURLToPath(new URL("../hooks/hook-call.cjs", import.meta.url));
    const flags = Object.entries({ agent, server, data }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, value],
    );
    const ran = spawnSync(process.execPath, [program, client, ...flags], { stdio: "inherit" });
    return await Promise.resolve((ran.status ?? 2) as ExitCode);
  },
});
