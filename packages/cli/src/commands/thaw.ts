import { AppError, isId } from "@countersign/core";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { listAt, shown, textAt } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";

/** `countersign thaw`: proposes that a stop is lifted. A human signs it (INV-12). */
export const thaw: Command = command({
  name: "thaw",
  summary: "Ask for the signature that lifts a stop",
  flags: {
    brake: { kind: "operand", optional: true, about: "its id (brk_…); none is needed while one stop is in force" },
    ...REACH,
  },
  examples: [
    { line: "thaw", does: "the one stop that is in force" },
    { line: "thaw brk_…", does: "print the page on which it is signed (exit 4)" },
  ],
  run: async (values, cli) => {
    const { brake: named } = values;
    if (named !== undefined && !isId("brk", named))
      throw new UsageError(`\`${named}\` is no brake id (brk_…); see \`countersign status\``, "thaw");
    return await withClient(values, cli, async (client) => {
      const brake = named ?? (await onlyOne(client));
      const answer = await client.json({ as: "near", path: `/v1/brakes/${brake}/thaw`, body: {} });
      return held(cli, answer, `thaw of ${brake}`);
    });
  },
});

/** The one stop that is in force. */
async function onlyOne(client: Client): Promise<string> {
  const brakes = listAt(await client.json({ as: "near", path: "/v1/brakes" }), "brakes");
  const active = brakes.filter(({ state }) => state === "active");
  const [first] = active;
  if (active.length === 1 && first !== undefined) return textAt(first, "id");
  if (active.length === 0) throw new AppError("request.not_found", { detail: "no stop is in force" });
  const each = active.map((one) => `\`${shown(one["id"])}\` (${shown(one["reason"])})`).join(", ");
  throw new UsageError(`several stops are in force; name one: ${each}`, "thaw");
}
