import { askStop } from "../client/ask-stop.ts";
import { withClient } from "../client/client.ts";
import { scopeValue } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH, WAIT } from "../command/flags.ts";

/** `countersign offboard`: a person leaves, and all that rests on them ends with the stop of their agents, before it answers. */
export const offboard: Command = command({
  name: "offboard",
  summary: "Let a person go: all their agents stop everywhere, and everything of theirs ends, before this answers",
  flags: {
    human: { kind: "operand", about: "their id (hum_…) or name" },
    reason: { kind: "text", value: "TEXT", about: "why: kept with the stop", required: true },
    wait: WAIT,
    ...REACH,
  },
  examples: [
    { line: 'offboard "Bob Example" --reason "has left"', does: "print the receipt: each point, with its time" },
    { line: 'offboard hum_… --reason "has left" --json', does: "the signed receipt as JSON" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const human = await scopeValue(client, { type: "owner", value: values.human });
      const path = `/v1/humans/${encodeURIComponent(human)}/offboard`;
      const code = await askStop(client, cli, { path, body: { reason: values.reason }, wait: values.wait });
      if (code === EXIT.ok && !cli.out.json)
        cli.out.note(null, () => [
          "Their agents have no owner now; one goes on with another: `countersign agent reassign AGENT --owner HUM`.",
        ]);
      return code;
    }),
});
