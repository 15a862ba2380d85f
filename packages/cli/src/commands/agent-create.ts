import { withClient } from "../client/client.ts";
import { humanNamed } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";
import { parseDuration } from "../output/durations.ts";
import { parseGrants } from "./grant-text.ts";

const NAME = "agent create";

/** `countersign agent create`: proposes an agent; it exists once a human has signed its owner, purpose, grants and end. */
export const agentCreate: Command = command({
  name: NAME,
  summary: "Register an agent: held until a human signs its owner, purpose, grants and end",
  flags: {
    name: { kind: "operand", about: "its name, unique in this installation" },
    owner: { kind: "text", value: "HUM", about: "the one accountable human: id, name, or `me` (default)" },
    purpose: { kind: "text", value: "TEXT", about: "what it is for", required: true },
    grant: { kind: "texts", value: "ACTION@RESOURCE", about: "what it may do, may be repeated", required: true },
    expires: { kind: "text", value: "30d", about: "its end: a time span (h, d, w) or a date", required: true },
    ...REACH,
  },
  examples: [
    {
      line: `${NAME} reader --purpose "answers questions about records" --grant 'mcp:files/read_*@file:/srv/records/**' --expires 30d`,
      does: "an agent that only reads, owned by you",
    },
    {
      line: `${NAME} editor --owner hum_… --purpose "keeps records tidy" --grant 'mcp:files/*@file:/srv/**' --grant 'mcp:files/*@mcp:files' --expires 2w`,
      does: "two grants, another owner",
    },
  ],
  run: async (values, cli) => {
    const grants = parseGrants(values.grant, NAME);
    const expiresAt = endOf(values.expires, cli.now());
    return await withClient(values, cli, async (client) => {
      const owner = await humanNamed(client, values.owner ?? "me", "session");
      const body = { name: values.name, owner, purpose: values.purpose, grants, expiresAt };
      const answer = await client.json({ as: "session", path: "/v1/agents", body });
      return held(cli, answer, `agent \`${values.name}\``);
    });
  },
});

function endOf(text: string, now: number): string {
  const seconds = parseDuration(text);
  const time =
    seconds === null && /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now + (seconds ?? Number.NaN) * 1000;
  if (Number.isNaN(time))
    throw new UsageError(`\`${text}\` is neither a time span like \`30d\` nor a date like \`2027-01-31\``, NAME);
  if (time <= now) throw new UsageError(`\`${text}\` has passed already`, NAME);
  return new Date(time).toISOString();
}
