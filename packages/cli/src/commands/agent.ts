import type { JsonObject } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { nameOf, objectOf, shown, textAt } from "../client/fields.ts";
import { agentNamed, scopeValue } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { clockTime } from "../output/durations.ts";
import { answerList, answerOne } from "../output/lists.ts";
import { visible } from "../output/visible-text.ts";

const AGENT = { kind: "operand", about: "its id (agt_…) or name" } as const;

export const agentList: Command = command({
  name: "agent list",
  summary: "List agents with their owners and ends",
  flags: REACH,
  examples: [{ line: "agent list", does: "every agent of this installation" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      answerList(cli, await client.json({ as: "near", path: "/v1/agents" }), {
        member: "agents",
        heads: ["name", "status", "owner", "ends", "id"],
        row: (agent) => [
          nameOf(agent),
          shown(agent["status"]),
          nameOf(agent["owner"]),
          clockTime(shown(agent["expiresAt"])),
          shown(agent["id"]),
        ],
        none: "no agents yet: `countersign agent create NAME --purpose T --grant ACTION@RESOURCE --expires 30d`",
      });
      return EXIT.ok;
    }),
});

export const agentShow: Command = command({
  name: "agent show",
  summary: "Show one agent: owner, purpose, grants, end",
  flags: { agent: AGENT, ...REACH },
  examples: [{ line: "agent show reader", does: "what `reader` may do, and who answers for it" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const agent = await agentNamed(client, values.agent, "near");
      answerOne(cli, agent, [
        ["agent", `${nameOf(agent)} (${shown(agent["id"])})`],
        ["status", shown(agent["status"])],
        ["owner", nameOf(agent["owner"])],
        ["purpose", shown(agent["purpose"])],
        ["ends", clockTime(shown(agent["expiresAt"]))],
        ...grantRows(agent),
      ]);
      return EXIT.ok;
    }),
});

export const agentSuspend: Command = stopCommand("suspend", "Stop an agent until its owner signs that it goes on");
export const agentRetire: Command = stopCommand("retire", "End an agent for good");

/** `countersign agent reinstate`: proposes that a suspended agent goes on. An administrator signs it (INV-12). */
export const agentReinstate: Command = command({
  name: "agent reinstate",
  summary: "Ask for the signature with which a suspended agent goes on",
  flags: { agent: AGENT, ...REACH },
  examples: [{ line: "agent reinstate reader", does: "print the page on which it is signed (exit 4)" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const agent = await agentNamed(client, values.agent, "near");
      const path = `/v1/agents/${encodeURIComponent(textAt(agent, "id"))}/reinstate`;
      const answer = await client.json({ as: "near", method: "POST", path });
      return held(cli, answer, `agent \`${nameOf(agent)}\``);
    }),
});

/** `countersign agent reassign`: proposes another owner for an agent whose owner has left. An administrator signs it (INV-8, INV-12). */
export const agentReassign: Command = command({
  name: "agent reassign",
  summary: "Ask for the signature that gives an agent, whose owner has left, to somebody else",
  flags: {
    agent: AGENT,
    owner: { kind: "text", value: "HUM", about: "who answers for it then: id, name or `me`", required: true },
    ...REACH,
  },
  examples: [{ line: "agent reassign reader --owner me", does: "print the page on which it is signed (exit 4)" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const agent = await agentNamed(client, values.agent, "near");
      const owner = await scopeValue(client, { type: "owner", value: values.owner });
      const path = `/v1/agents/${encodeURIComponent(textAt(agent, "id"))}/reassign`;
      const answer = await client.json({ as: "near", path, body: { owner } });
      return held(cli, answer, `agent \`${nameOf(agent)}\``);
    }),
});

function stopCommand(verb: "suspend" | "retire", summary: string): Command {
  return command({
    name: `agent ${verb}`,
    summary,
    flags: { agent: AGENT, reason: { kind: "text", value: "TEXT", about: "why: kept in the ledger" }, ...REACH },
    examples: [{ line: `agent ${verb} reader --reason "not needed any more"`, does: "its live tasks end at once" }],
    run: async (values, cli) =>
      await withClient(values, cli, async (client) => {
        const agent = await agentNamed(client, values.agent, "near");
        const path = `/v1/agents/${encodeURIComponent(textAt(agent, "id"))}/${verb}`;
        const body: JsonObject = values.reason === undefined ? {} : { reason: values.reason };
        const answer = await client.json({ as: "near", path, body });
        const done = verb === "suspend" ? "suspended" : "retired";
        cli.out.answer({ id: agent["id"], ...answer }, () => [
          `${visible(nameOf(agent))} is ${done}: it can do nothing from now on`,
        ]);
        return EXIT.ok;
      }),
  });
}

function grantRows(agent: JsonObject): (readonly [string, string])[] {
  const grants = agent["grants"] ?? agent["scope"];
  if (!Array.isArray(grants)) return [];
  return grants.map((grant, at) => {
    const { action, resource } = objectOf(grant as JsonObject);
    return [at === 0 ? "grants" : "", `${shown(action)} @ ${shown(resource)}`] as const;
  });
}
