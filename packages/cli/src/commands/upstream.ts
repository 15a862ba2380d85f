import type { JsonObject } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { answerList } from "../output/lists.ts";
import { visible } from "../output/visible-text.ts";

export const upstreamList: Command = command({
  name: "upstream list",
  summary: "List the servers that the gateways guard",
  flags: REACH,
  examples: [{ line: "upstream list", does: "each upstream, how it is reached, and its state" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      answerList(cli, await client.json({ as: "near", path: "/v1/upstreams" }), {
        member: "upstreams",
        heads: ["name", "kind", "status", "tools", "reached by"],
        row: (upstream) => [
          nameOf(upstream),
          shown(upstream["kind"]),
          shown(upstream["status"]),
          accepted(upstream),
          reach(upstream),
        ],
        none: "no upstreams: `countersign connect`, or `countersign upstream add NAME -- CMD`",
      });
      return EXIT.ok;
    }),
});

/** `countersign upstream remove`: tightening, so at once and without a signature. */
export const upstreamRemove: Command = command({
  name: "upstream remove",
  summary: "Stop using a server: its tools are gone at once",
  flags: { name: { kind: "operand", about: "its name; see `countersign upstream list`" }, ...REACH },
  examples: [{ line: "upstream remove files", does: "nothing reaches `files` through the gateways from now on" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/upstreams/${encodeURIComponent(values.name)}`;
      const answer = await client.json({ as: "near", method: "DELETE", path });
      cli.out.answer(answer, () => [`${visible(values.name)} is removed: no call reaches it from now on`]);
      return EXIT.ok;
    }),
});

function accepted({ kind, tools }: JsonObject): string {
  if (kind === "postgres") return "statements";
  return Array.isArray(tools) ? `${String(tools.length)} accepted` : "none accepted";
}

function reach(upstream: JsonObject): string {
  const { command: line, url } = upstream;
  return Array.isArray(line) ? line.map((word) => shown(word)).join(" ") : shown(url);
}
