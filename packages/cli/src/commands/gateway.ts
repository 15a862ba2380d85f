import { withClient } from "../client/client.ts";
import { shown, textAt } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { clockTime } from "../output/durations.ts";
import { answerList } from "../output/lists.ts";
import { visible } from "../output/visible-text.ts";

const GATEWAY = { kind: "operand", about: "its name or id (ep_…)", shown: "NAME" } as const;

/** `countersign gateway token`: a place in which one gateway may join, and the line to type on its machine. */
export const gatewayToken: Command = command({
  name: "gateway token",
  summary: "Make a join token for one gateway: ten minutes, used once",
  flags: {
    name: { kind: "text", value: "N", about: "name of the gateway: small letters, digits, - and _", required: true },
    ...REACH,
  },
  examples: [
    { line: "gateway token --name edge-1", does: "print the whole line to type on the other machine" },
    { line: "gateway token --name edge-1 --json", does: "{token, name, expiresAt, server}" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const body = { name: values.name };
      const answer = await client.json({ as: "near", path: "/v1/points/tokens", body });
      const { paint } = cli.out;
      cli.out.answer(answer, () => [
        `On the machine of \`${values.name}\`, until ${clockTime(textAt(answer, "expiresAt"))}, once:`,
        paint.bold(`countersign gateway --server ${textAt(answer, "server")} --join ${textAt(answer, "token")}`),
      ]);
      return EXIT.ok;
    }),
});

export const gatewayList: Command = command({
  name: "gateway list",
  summary: "List enforcement points: whether they may act, where, and with which secrets",
  flags: REACH,
  examples: [{ line: "gateway list", does: "every point that was not removed" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      answerList(cli, await client.json({ as: "near", path: "/v1/points" }), {
        member: "points",
        heads: ["name", "status", "lease", "place", "secrets", "url", "id"],
        row: (point) => [
          shown(point["name"]),
          shown(point["status"]),
          shown(point["lease"]),
          point["place"] === "own" ? "this server" : "gateway",
          point["secrets"] === true ? "from the store" : "its own",
          shown(point["url"]),
          shown(point["id"]),
        ],
        none: "no points: `countersign gateway token --name N` makes a place for one",
      });
      return EXIT.ok;
    }),
});

/** `countersign gateway remove`: tightening, so it takes hold at once. */
export const gatewayRemove: Command = command({
  name: "gateway remove",
  summary: "Take a gateway's identity away, at once and for good",
  flags: { gateway: GATEWAY, ...REACH },
  examples: [{ line: "gateway remove edge-1", does: "its certificate is worth nothing from now on" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/points/${encodeURIComponent(values.gateway)}/remove`;
      const answer = await client.json({ as: "near", path, body: {} });
      const name = visible(values.gateway);
      cli.out.answer(answer, () => [
        answer["status"] === "removed"
          ? `${name} is removed`
          : `${name} is being removed: it renews nothing any more, and its last lease ends within seconds`,
      ]);
      return EXIT.ok;
    }),
});

/** `countersign gateway trust`: proposes that a gateway gets secrets from the store. An administrator signs it (INV-12). */
export const gatewayTrust: Command = command({
  name: "gateway trust",
  summary: "Ask for the signature with which a gateway gets secrets that Countersign keeps",
  flags: { gateway: GATEWAY, ...REACH },
  examples: [{ line: "gateway trust edge-1", does: "print the page on which it is signed (exit 4)" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/points/${encodeURIComponent(values.gateway)}/trust`;
      const answer = await client.json({ as: "near", path, body: {} });
      return held(cli, answer, `trust in \`${values.gateway}\``);
    }),
});
