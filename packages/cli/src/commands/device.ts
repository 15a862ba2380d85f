import { isJsonObject, type JsonObject } from "@countersign/core";
import { askStop } from "../client/ask-stop.ts";
import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { knownNames } from "../client/names.ts";
import { deviceNamed } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH, WAIT } from "../command/flags.ts";
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

/** `countersign device lost`: whatever acts from it stops, and it never comes back. */
export const deviceLost: Command = command({
  name: "device lost",
  summary: "Give a device up: what acts from it stops everywhere, its sessions end, and it never comes back",
  flags: {
    device: { kind: "operand", about: "its id (dev_…) or name" },
    reason: { kind: "text", value: "TEXT", about: "why: kept with the stop", required: true },
    wait: WAIT,
    ...REACH,
  },
  examples: [
    { line: 'device lost laptop --reason "left on a train"', does: "print the receipt: each point, with its time" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const device = await deviceNamed(client, values.device, "near");
      const path = `/v1/devices/${encodeURIComponent(device)}/lost`;
      return await askStop(client, cli, { path, body: { reason: values.reason }, wait: values.wait });
    }),
});

/** The level of the last report; none that reaches any level is said so. */
function levelOf(device: JsonObject): string {
  const posture = device["posture"];
  if (!isJsonObject(posture)) return "no report";
  return posture["level"] === null ? "below enrolled" : shown(posture["level"]);
}
