import { type Json, isJsonObject, type JsonObject } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { clockTime } from "../output/durations.ts";
import { answerList } from "../output/lists.ts";

const MOST = 200;

/** `countersign ledger who`: every act on a resource with the chain behind it, the newest first (INV-11). */
export const ledgerWho: Command = command({
  name: "ledger who",
  summary: "Show who did what to a resource: human, device, agent, task; what was refused as well",
  flags: { resource: { kind: "operand", about: "a name or pattern, e.g. `file:/srv/records/**`" }, ...REACH },
  examples: [
    { line: "ledger who file:/srv/records/executives.json", does: "the history of one file" },
    { line: "ledger who 'file:/srv/**' --json", does: "of everything below a folder" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/ledger/who?resource=${encodeURIComponent(values.resource)}&limit=${String(MOST)}`;
      answerList(cli, await client.json({ as: "near", path }), {
        member: "acts",
        heads: ["time", "human", "device", "agent", "task", "action", "resource", "outcome"],
        row: (act) => [
          clockTime(shown(act["time"])),
          ...["human", "device", "agent", "task"].map((link) => linkName(act, link)),
          shown(act["action"]),
          resourcesOf(act),
          outcomeOf(act),
        ],
        none: `nobody has acted on \`${values.resource}\` through a gateway`,
      });
      return EXIT.ok;
    }),
});

function resourcesOf({ resource, resources }: JsonObject): string {
  return Array.isArray(resources) ? (resources as readonly Json[]).map(shown).join(", ") : shown(resource);
}

/** A name where there is one; else the id. */
function linkName(act: JsonObject, link: string): string {
  const names = isJsonObject(act["names"]) ? act["names"] : {};
  return names[link] === undefined || names[link] === null ? nameOf(act[link]) : shown(names[link]);
}

/** What came of it: the outcome of what was permitted, else the refusal and its code. */
function outcomeOf({ decision, outcome, approval }: JsonObject): string {
  const status = isJsonObject(outcome) ? shown(outcome["status"]) : shown(outcome);
  const result = isJsonObject(decision) ? shown(decision["result"]) : shown(decision);
  const code = isJsonObject(decision) && typeof decision["code"] === "string" ? ` ${decision["code"]}` : "";
  const signed = typeof approval === "string" && result === "permit" ? " (signed)" : "";
  return result === "permit" ? `${status}${signed}` : `${result}${code}`;
}
