import { isId } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { type Command, command } from "../command/command.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";

/** `countersign thaw`: proposes that a stop is lifted. A human signs it (INV-12). */
export const thaw: Command = command({
  name: "thaw",
  summary: "Ask for the signature that lifts a stop",
  flags: { brake: { kind: "operand", about: "its id (brk_…)" }, ...REACH },
  examples: [{ line: "thaw brk_…", does: "print the page on which it is signed (exit 4)" }],
  run: async (values, cli) => {
    const { brake } = values;
    if (!isId("brk", brake))
      throw new UsageError(`\`${brake}\` is no brake id (brk_…); see \`countersign status\``, "thaw");
    return await withClient(values, cli, async (client) => {
      const answer = await client.json({ as: "near", path: `/v1/brakes/${brake}/thaw`, body: {} });
      return held(cli, answer, `thaw of ${brake}`);
    });
  },
});
