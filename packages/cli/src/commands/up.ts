import { dirname } from "node:path";
import { AppError, type JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { listAt, nameOf } from "../client/fields.ts";
import { findPlaces, saveStarted } from "../client/places.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import type { Composed } from "../compose.ts";
import { foundClients } from "../connect/overview.ts";
import { askYes, canAsk } from "../output/ask.ts";
import { readInstallation } from "../start/installation.ts";
import { installLauncher, isOnPath, launcherPath, mayInstall } from "../start/launcher.ts";
import { type NextStep, nextStep } from "../start/next-step.ts";
import { personName } from "../start/person-name.ts";
import { programName } from "../start/program-name.ts";
import { SERVER_FLAGS, serverOptions, stopped } from "../start/server-options.ts";
import { startScreen } from "../start/start-screen.ts";
import { tunnelLine } from "../start/tunnel-line.ts";
import { VERSION } from "../version.ts";
import { tellTerminal } from "../waiting/tell-terminal.ts";

/** `countersign up`: control plane, gateway, pages and database in one process, until SIGTERM or SIGINT. */
export const up: Command = command({
  name: "up",
  summary: "Run the control plane and its gateway in this process",
  flags: SERVER_FLAGS,
  examples: [
    { line: "up", does: "on this machine, for this machine" },
    { line: "up --data .countersign", does: "with a data directory of its own" },
    {
      line: "up --url https://countersign.example --tls-cert fullchain.pem --tls-key key.pem",
      does: "for other machines",
    },
    { line: "up --json", does: "one ready line for a program, then silence" },
  ],
  run: async (values, cli) => {
    const options = serverOptions("up", values, cli);
    // Server and gateway are loaded once the line is known to be right.
    const { compose } = await import("../compose.ts");
    const running = await compose({ ...options, suggestedName: await personName(cli.env) });
    try {
      const { api, gateway, setupUrl } = running;
      const address = running.postgres();
      const postgres = address === null ? {} : { postgres: address };
      cli.out.answer({ event: "ready", api, gateway, ...postgres, setupUrl, pid: process.pid }, () => []);
      if (!cli.out.json) {
        saveStarted({ dataDir: options.dataDir, api }, cli.env);
        if (setupUrl !== null) await offerLauncher(cli);
        await showScreen(running, cli);
        await tellTerminal({ data: options.dataDir, api }, cli);
      }
      await Promise.race([stopped(cli.signal), running.damage]);
    } finally {
      await running.close();
    }
    return EXIT.ok;
  },
});

/** At the first start a person is offered the command by its short name; nothing depends on it. */
async function offerLauncher(cli: Cli): Promise<void> {
  if (!canAsk(cli) || !mayInstall(cli.env)) return;
  const wanted = await askYes(cli, `Put the command \`countersign\` into ${launcherPath(cli.env)}?`, true);
  if (!wanted) return;
  try {
    const path = installLauncher(cli.env);
    if (!isOnPath(cli.env)) cli.stderr.write(`It is not on your PATH yet: export PATH="${dirname(path)}:$PATH"\n`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    cli.stderr.write(`countersign: ${error.message}\n`);
  }
}

async function showScreen(running: Composed, cli: Cli): Promise<void> {
  const { api, gateway, listen, setupUrl, dataDir, warnings, pendingChanges } = running;
  const screen = {
    version: VERSION,
    api,
    gateway,
    listen,
    dataDir,
    setupUrl,
    warnings,
    pendingChanges,
    tunnel: tunnelLine(cli.env, [api, gateway]),
    next: await firstStep(running, cli).catch(unknownStep(cli)),
  };
  cli.stdout.write(`${startScreen(screen, cli.out.paint, cli.out.width).join("\n")}\n`);
}

/** Asks the running control plane what is still missing, through its own socket. */
async function firstStep({ dataDir, api }: Composed, cli: Cli): Promise<NextStep> {
  const program = programName(cli.env);
  const found = findPlaces({}, cli.env);
  const isFound = found.server === null ? found.dataDir === dataDir : found.server === api;
  const server = isFound ? null : api;
  return await withClient({ data: dataDir, server: api }, cli, async (client) => {
    const installation = readInstallation(await client.json({ as: "local", path: "/v1/status" }));
    const signedIn = (await client.session()) !== null;
    return nextStep({
      installation,
      signedIn,
      agent: await firstActive(client, "agents"),
      upstream: await firstActive(client, "upstreams"),
      client: clientToConnect(cli),
      connected: foundClients(cli).find(({ governed }) => governed > 0)?.client.name ?? null,
      program,
      server,
    });
  });
}

/** A client of this machine whose servers do not go through Countersign yet. */
function clientToConnect(cli: Cli): string | null {
  const open = foundClients(cli).filter(({ governed, trouble }) => governed === 0 && trouble === null);
  return (open.find(({ servers }) => servers > 0) ?? open[0])?.client.id ?? null;
}

/** A start screen is no reason to stop a server that runs. */
function unknownStep({ env }: Cli): (error: unknown) => NextStep {
  return (error) => {
    if (!(error instanceof AppError)) throw error;
    return { why: "see what is missing", command: `${programName(env)} status` };
  };
}

async function firstActive(client: Client, kind: "agents" | "upstreams"): Promise<string | null> {
  const list = listAt(await client.json({ as: "local", path: `/v1/${kind}` }), kind);
  const active = list.find((one: JsonObject) => one["status"] === "active");
  return active === undefined ? null : nameOf(active);
}
