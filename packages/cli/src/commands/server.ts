import type { Cli } from "../cli.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import type { ComposedServer } from "../compose.ts";
import { personName } from "../start/person-name.ts";
import { SERVER_FLAGS, serverOptions, stopped } from "../start/server-options.ts";
import { VERSION } from "../version.ts";

/** `countersign server`: a control plane beside others on one database, until SIGTERM or SIGINT. */
export const server: Command = command({
  name: "server",
  summary: "Run a control plane without a gateway of its own, beside others on one PostgreSQL",
  flags: SERVER_FLAGS,
  examples: [
    {
      line: "server --data /var/lib/countersign --url https://countersign.example --behind-proxy",
      does: "one of several behind a proxy; DATABASE_URL says which database, the master key is the same for all",
    },
    { line: "server --json", does: "one ready line for a program, then silence" },
  ],
  run: async (values, cli) => {
    const options = serverOptions("server", values, cli);
    // The server is loaded once the line is known to be right.
    const { composeServer } = await import("../compose.ts");
    const running = await composeServer({ ...options, suggestedName: await personName(cli.env) });
    try {
      const { api, setupUrl } = running;
      cli.out.answer({ event: "ready", api, setupUrl, pid: process.pid }, () => screen(running, cli));
      await Promise.race([stopped(cli.signal), running.damage]);
    } finally {
      await running.close();
    }
    return EXIT.ok;
  },
});

function screen({ api, listen, dataDir, setupUrl, warnings, pendingChanges }: ComposedServer, { out }: Cli): string[] {
  const { paint } = out;
  return [
    paint.bold(`Countersign ${VERSION}, a control plane without a gateway of its own`),
    `Address    ${api} (listens on ${listen})`,
    `Data       ${dataDir} (ledger files, control socket)`,
    ...(setupUrl === null ? [] : [`Set up     ${setupUrl} (once, within 15 minutes)`]),
    ...warnings.map((warning) => `Warning    ${warning}`),
    ...pendingChanges.map(({ what, url }) => `To sign    ${what}: ${url}`),
    "Gateways join with a token: countersign gateway token --name NAME",
  ];
}
