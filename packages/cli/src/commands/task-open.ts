import type { JsonObject } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { shown, textAt } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";
import { clockTime, parseDuration } from "../output/durations.ts";
import { parseGrants } from "./grant-text.ts";

const NAME = "task open";

/** `countersign task open`: opens a task with the person's session. A shim takes it up with `mcp SERVER --agent NAME --task ID`. */
export const taskOpen: Command = command({
  name: NAME,
  summary: "Open a task for an agent, in the name of the person who is signed in",
  flags: {
    agent: { kind: "text", value: "AGENT", about: "its id or name (default: you yourself; an administrator signs)" },
    purpose: { kind: "text", value: "TEXT", about: "what this piece of work is for", required: true },
    grant: {
      kind: "texts",
      value: "ACTION@RESOURCE",
      about: "narrower than what the agent may do; without an agent what you may do; may be repeated",
    },
    ttl: { kind: "text", value: "1h", about: "its longest life, at most 8h" },
    ...REACH,
  },
  examples: [
    { line: `${NAME} --agent reader --purpose "quarterly report" --ttl 1h`, does: "one hour of work" },
    {
      line: `${NAME} --agent editor --purpose "fix one file" --grant 'mcp:files/*@file:/srv/a.json'`,
      does: "fewer rights than the agent has",
    },
  ],
  run: async (values, cli) => {
    const grants = parseGrants(values.grant, NAME);
    const ttlSeconds = values.ttl === undefined ? null : parseDuration(values.ttl);
    if (values.ttl !== undefined && ttlSeconds === null)
      throw new UsageError(`\`${values.ttl}\` is no time span like \`45m\` or \`1h\``, NAME);
    return await withClient(values, cli, async (client) => {
      const { agent } = values;
      const body: JsonObject = {
        ...(agent === undefined ? {} : { agent }),
        purpose: values.purpose,
        ...(grants.length === 0 ? {} : { grants }),
        ...(ttlSeconds === null ? {} : { ttlSeconds }),
      };
      const task = await client.json({ as: "session", path: "/v1/tasks", body });
      if (agent === undefined) return held(cli, task, "a task of your own");
      const id = textAt(task, "id");
      cli.out.answer(task, () => [
        `${id} is open until ${clockTime(shown(task["expiresAt"]))} UTC`,
        `next: countersign mcp SERVER --agent ${agent} --task ${id}`,
      ]);
      return EXIT.ok;
    });
  },
});
