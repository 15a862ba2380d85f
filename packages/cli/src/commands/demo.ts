import { resolve } from "node:path";
import { type Command, command } from "../command/command.ts";
import { UsageError } from "../command/usage-error.ts";

/** `countersign demo`: a story of the design, replayed with real parts. */
export const demo: Command = command({
  name: "demo",
  summary: "Replay the ignored code freeze with real parts: server, agent, browser, passkey, ledger",
  flags: {
    name: { kind: "operand", about: "which story (default and so far the only one: freeze)", optional: true },
    live: { kind: "switch", about: "sign and freeze yourself, in your own browser" },
    keep: { kind: "text", value: "DIR", about: "keep data directory, ledger export and receipt in this new folder" },
  },
  examples: [
    { line: "demo", does: "in under a minute; on a terminal space pauses" },
    { line: "demo --live", does: "the same with you in the part of the human" },
    { line: "demo --keep run --json", does: "one object with what was checked; `run/ledger-export` stays" },
  ],
  run: async ({ name, live, keep }, cli) => {
    if (name !== undefined && name !== "freeze")
      throw new UsageError(`unknown story \`${name}\`: there is \`freeze\``, "demo");
    const [{ runDemo }, { playFreeze }] = await Promise.all([
      import("../demo/run-demo.ts"),
      import("../demo/freeze/story.ts"),
    ]);
    return await runDemo(
      { live, keep: keep === undefined ? null : resolve(cli.env.cwd, keep), story: playFreeze },
      cli,
    );
  },
});
