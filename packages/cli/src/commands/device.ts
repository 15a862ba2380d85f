import { isJsonObject, type JsonObject } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { knownNames } from "../client/names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { answerList } from "../output/lists.ts";

export const deviceList: Command = command({
  name: "device list",
  summary: "List devices with their owners and levels",
  flags: REACH,
  examples: [{ line: "device list", does: "every enrolled device" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const answer = await client.json({ as: "near", path: "/v1/devices" });
      const name = cli.out.json ? nameOf : await knownNames(client);
      answerList(cli, answer, {
        member: "devices",
        heads: ["name", "status", "level", "owner", "key", "id"],
        row: (device) => [
          nameOf(device),
          shown(device["status"]),
          levelOf(device),
          name(device["owner"]),
          shown(device["tier"]),
          shown(device["id"]),
        ],
        none: "no devices yet: `countersign login` enrols this one",
      });
      return EXIT.ok;
    }),
});

/** The level of the last report; none that reaches any level is said so. */
function levelOf(device: JsonObject): string {
  const posture = device["posture"];
  if (!isJsonObject(posture)) return "no report";
  return posture["level"] === null ? "below enrolled" : shown(posture["level"]);
}
