import type { Cli } from "../cli.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { visible } from "../output/visible-text.ts";
import { programName } from "../start/program-name.ts";
import type { Client } from "./clients/client.ts";
import { undoEdits } from "./edit/index.ts";
import { placeOf } from "./read-client.ts";

/** `countersign connect CLIENT --undo`: the client's own configuration again. The agent stays registered. */
export function undoClient(client: Client, cli: Cli): ExitCode {
  const undone = undoEdits(placeOf(client, cli.env, cli.env.defaultDataDir));
  const program = programName(cli.env);
  cli.out.answer({ client: client.id, files: undone }, () => [
    ...undone.map(
      ({ path, how, why }) => `${how.padEnd(10)} ${visible(path)}${why === undefined ? "" : `: ${visible(why)}`}`,
    ),
    ...undone.flatMap(({ kept }) => kept.map((name) => `kept       ${visible(name)}: it was changed since`)),
    ...(undone.length === 0 ? [`nothing of ${client.name} was changed by this program`] : [`Next: ${client.restart}.`]),
    `The agent and the upstreams stay registered: \`${program} agent retire NAME\`, \`${program} upstream remove NAME\`.`,
  ]);
  return undone.some(({ how }) => how === "failed") ? EXIT.failed : EXIT.ok;
}
