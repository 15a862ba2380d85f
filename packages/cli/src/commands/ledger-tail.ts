import { isJsonObject, type JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { listAt, numberAt, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { clockTime } from "../output/durations.ts";
import { visible } from "../output/visible-text.ts";

const FIRST = 10;
const PAGE = 200;
const POLL_MS = 500;

/** `countersign ledger tail`: the last entries, then each new one, until it is interrupted. */
export const ledgerTail: Command = command({
  name: "ledger tail",
  summary: "Show the last entries, then follow; Ctrl-C ends it",
  flags: REACH,
  examples: [
    { line: "ledger tail", does: "one line an entry" },
    { line: "ledger tail --json", does: "one JSON object a line: `{index, body}`" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const last = await entries(client, `reverse=1&limit=${String(FIRST)}`);
      show(last.toReversed(), cli);
      let from = 1 + (last[0] === undefined ? -1 : numberAt(last[0], "index"));
      while (!cli.signal.aborted) {
        const page = await entries(client, `from=${String(from)}&limit=${String(PAGE)}`);
        show(page, cli);
        const newest = page.at(-1);
        if (newest !== undefined) from = numberAt(newest, "index") + 1;
        if (page.length < PAGE) await cli.pause(POLL_MS);
      }
      return EXIT.ok;
    }),
});

async function entries(client: Client, query: string): Promise<readonly JsonObject[]> {
  return listAt(await client.json({ as: "near", path: `/v1/ledger/entries?${query}` }), "entries");
}

function show(found: readonly JsonObject[], cli: Cli): void {
  for (const entry of found) cli.out.item(entry, () => [line(entry)]);
}

function line(entry: JsonObject): string {
  const body = isJsonObject(entry["body"]) ? entry["body"] : {};
  const decision = isJsonObject(body["decision"]) ? body["decision"] : {};
  const outcome = isJsonObject(body["outcome"]) ? body["outcome"] : {};
  const chain = isJsonObject(body["chain"]) ? body["chain"] : {};
  const result = [decision["result"], decision["code"], outcome["status"]]
    .filter((part) => typeof part === "string")
    .join(" ");
  return [
    String(numberAt(entry, "index")).padStart(6),
    clockTime(shown(body["time"])),
    shown(body["kind"]).padEnd(14),
    shown(chain["task"] ?? chain["human"]),
    shown(body["action"]),
    shown(body["resource"]),
    result,
  ]
    .map((part) => visible(part))
    .join("  ")
    .trimEnd();
}
