import { withClient } from "../client/client.ts";
import { nameOf, shown, textAt } from "../client/fields.ts";
import { humanNamed } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { held } from "../command/held.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { clockTime } from "../output/durations.ts";
import { answerList } from "../output/lists.ts";

const ROLES = ["admin", "auditor"];

export const humanInvite: Command = command({
  name: "human invite",
  summary:
    "Make a link with which a person registers a passkey; they can do nothing until an administrator signs them in",
  flags: { role: { kind: "texts", value: "admin|auditor", about: "a role to give, may be repeated" }, ...REACH },
  examples: [
    { line: "human invite", does: "a link for someone who owns agents" },
    { line: "human invite --role auditor", does: "a link for someone who reads the ledger" },
  ],
  run: async (values, cli) => {
    const wrong = values.role.find((role) => !ROLES.includes(role));
    if (wrong !== undefined) throw new UsageError(`\`${wrong}\` is no role: use ${ROLES.join(" or ")}`, "human invite");
    return await withClient(values, cli, async (client) => {
      const answer = await client.json({ as: "near", path: "/v1/humans/invites", body: { roles: [...values.role] } });
      const url = textAt(answer, "url");
      cli.out.answer(answer, () => [
        "Give this link to the person, over a channel that you trust:",
        "",
        `  ${url}`,
        "",
        `It ends ${clockTime(shown(answer["expiresAt"]))} UTC. Then an administrator signs: \`countersign approvals list\`.`,
      ]);
      return EXIT.ok;
    });
  },
});

export const humanList: Command = command({
  name: "human list",
  summary: "List people with their roles",
  flags: REACH,
  examples: [{ line: "human list", does: "everybody who is registered here" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      answerList(cli, await client.json({ as: "near", path: "/v1/humans" }), {
        member: "humans",
        heads: ["name", "status", "roles", "id"],
        row: (human) => [
          nameOf(human),
          shown(human["status"]),
          Array.isArray(human["roles"]) && human["roles"].length > 0 ? human["roles"].join(", ") : "-",
          shown(human["id"]),
        ],
        none: "nobody yet: open the set-up link that `countersign up` shows",
      });
      return EXIT.ok;
    }),
});

/** `countersign human reinstate`: proposes that a person who left comes in again. An administrator signs it (INV-12). */
export const humanReinstate: Command = command({
  name: "human reinstate",
  summary: "Ask for the signature with which a person who had left is let in again; it revives none of their agents",
  flags: { human: { kind: "operand", about: "their id (hum_…) or name" }, ...REACH },
  examples: [{ line: 'human reinstate "Bob Example"', does: "print the page on which it is signed (exit 4)" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const human = await humanNamed(client, values.human, "near");
      const path = `/v1/humans/${encodeURIComponent(human)}/reinstate`;
      return held(cli, await client.json({ as: "near", method: "POST", path }), `return of \`${values.human}\``);
    }),
});
