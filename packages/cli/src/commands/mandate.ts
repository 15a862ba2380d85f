import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { clockTime } from "../output/durations.ts";
import { answerList } from "../output/lists.ts";

export const mandateList: Command = command({
  name: "mandate list",
  summary: "List mandates: who may work while nobody is signed in, how often, until when",
  flags: REACH,
  examples: [{ line: "mandate list", does: "every mandate, with what it opened today" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      answerList(cli, await client.json({ as: "near", path: "/v1/mandates" }), {
        member: "mandates",
        heads: ["id", "status", "agent", "on", "when", "today", "ends"],
        row: (one) => [
          shown(one["id"]),
          shown(one["status"]),
          nameOf(one["agent"]),
          nameOf(one["device"]),
          shown(one["trigger"]),
          `${shown(one["openedToday"])} of ${shown(one["tasksPerDay"])}`,
          clockTime(shown(one["expiresAt"])),
        ],
        none: "no mandates: agents work only while a person is signed in",
      });
      return EXIT.ok;
    }),
});

export const mandateRevoke: Command = command({
  name: "mandate revoke",
  summary: "End a mandate at once, and every task that it opened",
  flags: { mandate: { kind: "operand", about: "its id (mdt_…)" }, ...REACH },
  examples: [{ line: "mandate revoke mdt_…", does: "no signature is needed: it tightens" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/mandates/${encodeURIComponent(values.mandate)}/revoke`;
      const answer = await client.json({ as: "near", method: "POST", path, body: {} });
      cli.out.answer(answer, () => [`${values.mandate} is revoked; what it opened has ended`]);
      return EXIT.ok;
    }),
});
