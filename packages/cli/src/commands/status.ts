import { AppError } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { aligned } from "../output/table.ts";
import { chainLinks, type ChainLink } from "../start/chain-links.ts";
import { readChainFacts } from "../start/chain-facts.ts";
import { programName } from "../start/program-name.ts";

/** `countersign status`: each link from server to gateway, the first that is broken, and the command that repairs it. */
export const status: Command = command({
  name: "status",
  summary: "Show the chain (server, human, device, agent, task, gateway), its first broken link and the repair",
  flags: REACH,
  examples: [
    { line: "status", does: "why a call passes, or why it does not" },
    { line: "status --json", does: "the same for a program: `broken` is null when the chain is whole" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const links = chainLinks(await readChainFacts(client, cli), programName(cli.env));
      const broken = links.find(({ state }) => state === "broken") ?? null;
      const answer = {
        server: await client.server(),
        links,
        broken: broken?.name ?? null,
        repair: broken?.repair ?? null,
      };
      if (broken?.name === "server") throw unreachable(broken, answer);
      cli.out.answer(answer, () => page(links, cli));
      return EXIT.ok;
    }),
});

function page(links: readonly ChainLink[], cli: Cli): string[] {
  const { paint } = cli.out;
  const marks = { ok: paint.good("ok"), idle: paint.dim("--"), broken: paint.bad("!!") };
  const lines = aligned(links.map(({ name, text }) => [name, text]));
  const broken = links.find(({ state }) => state === "broken");
  return [
    ...lines.map((line, at) => `  ${marks[links[at]?.state ?? "idle"]}  ${line}`),
    "",
    ...(broken === undefined
      ? ["The chain is whole."]
      : [`First broken link: ${broken.name}. Repair:`, `  ${paint.bold(broken.repair ?? "")}`]),
  ];
}

function unreachable(broken: ChainLink, answer: object): AppError {
  return new AppError("server.unreachable", { detail: broken.text, details: { ...answer } });
}
