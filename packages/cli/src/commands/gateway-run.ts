import { join, resolve } from "node:path";
import { AppError } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { parseServer } from "../client/places.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { UsageError } from "../command/usage-error.ts";
import type { GatewayState } from "../compose-gateway.ts";
import { type GatewayIdentity, knownGateways, loadIdentity } from "../gateway/identity-file.ts";
import { stopped } from "../start/server-options.ts";

/** `countersign gateway`: an enforcement point beside what it guards, until SIGTERM or SIGINT. */
export const gatewayRun: Command = command({
  name: "gateway",
  summary: "Run an enforcement point on this machine, under a control plane on another",
  flags: {
    server: {
      kind: "texts",
      value: "URL",
      about: "address of the control plane; several: one after the other, or with commas",
    },
    join: { kind: "text", value: "TOKEN", about: "of `countersign gateway token`, at the first start" },
    name: { kind: "text", value: "N", about: "the name that it was given; needed when several gateways run here" },
    data: { kind: "text", value: "DIR", about: "identity and spool (else $XDG_STATE_HOME/countersign-gateway/NAME)" },
    listen: { kind: "text", value: "HOST:PORT", about: "where clients connect (default 127.0.0.1:7331)" },
    "listen-postgres": {
      kind: "text",
      value: "HOST:PORT",
      about:
        "where clients of PostgreSQL connect, in TLS with their task's certificate (else no database is guarded here)",
    },
    url: { kind: "text", value: "URL", about: "the address that clients are told, when a proxy is in front" },
  },
  examples: [
    { line: "gateway --server https://countersign.example --join csj1.…", does: "join, once" },
    { line: "gateway", does: "every later start" },
    { line: "gateway --json", does: "one ready line for a program, then silence" },
  ],
  run: async (values, cli) => {
    const { listen, url } = listenOf(values);
    const { identity, directory } = await identityOf(values, cli);
    const named = serversOf(values.server);
    const servers = named.length > 0 ? named : identity.servers;
    const [{ composeGateway }, { pino }] = await Promise.all([import("../compose-gateway.ts"), import("pino")]);
    const level = cli.env.configuration["COUNTERSIGN_LOG"] ?? "error";
    const log = pino({ level }, pino.destination({ dest: 2, sync: true }));
    const tell = (state: GatewayState): void => void cli.stderr.write(`${banner(identity.name, state)}\n`);
    const { env, signal } = cli;
    const given = values["listen-postgres"];
    const listenPostgres = given === undefined ? null : addressOf(given);
    const options = { identity, directory, servers, listen, listenPostgres, url, env, log, tell, signal };
    const running = await composeGateway(options);
    try {
      const { point, name } = identity;
      const postgres = running.postgres === null ? {} : { postgres: running.postgres };
      const ready = {
        event: "ready",
        gateway: running.url,
        ...postgres,
        point,
        name,
        server: running.server(),
        pid: process.pid,
      };
      cli.out.answer(ready, () => [
        `Gateway \`${name}\` serves ${running.url}/mcp/<server>`,
        `Control plane  ${running.server() ?? "-"}`,
        `Identity       ${directory}`,
      ]);
      await stopped(signal);
    } finally {
      await running.close();
    }
    return EXIT.ok;
  },
});

interface GatewayValues {
  readonly server: readonly string[];
  readonly join: string | undefined;
  readonly name: string | undefined;
  readonly data: string | undefined;
  readonly listen: string | undefined;
  readonly url: string | undefined;
}

/** Who this gateway is: joins when it was given a token, else as it was kept. */
async function identityOf(
  values: GatewayValues,
  { env, now }: Cli,
): Promise<{ readonly identity: GatewayIdentity; readonly directory: string }> {
  const base = `${env.defaultDataDir}-gateway`;
  const given = values.data === undefined ? null : resolve(env.cwd, values.data);
  if (values.join !== undefined) {
    const servers = serversOf(values.server);
    if (servers.length === 0) throw new UsageError("`--join` needs `--server`", "gateway");
    const { joinGateway } = await import("../gateway/join-gateway.ts");
    return await joinGateway({ servers, token: values.join, name: values.name ?? null, directory: given, base, now });
  }
  const directory = given ?? join(base, values.name ?? onlyOne(knownGateways(base)));
  const identity = loadIdentity(directory);
  if (identity !== null) return { identity, directory };
  throw new AppError("point.unknown", {
    detail: `no gateway has joined in \`${directory}\`; make a token with \`countersign gateway token --name N\` where the control plane runs`,
  });
}

function onlyOne(names: readonly string[]): string {
  const [name, ...more] = names;
  if (name !== undefined && more.length === 0) return name;
  throw new UsageError(
    name === undefined
      ? "no gateway has joined here yet: `--server` and `--join` are needed once"
      : `several gateways have joined here (${names.join(", ")}): say which with \`--name\``,
    "gateway",
  );
}

function serversOf(given: readonly string[]): readonly string[] {
  return given
    .flatMap((text) => text.split(","))
    .map((text) => {
      const server = parseServer(text.trim());
      if (server !== null) return server;
      throw new UsageError(
        `\`${text}\` in \`--server\` is not an address of the form \`https://host:port\``,
        "gateway",
      );
    });
}

function listenOf({ listen = "127.0.0.1:7331", url }: GatewayValues): {
  readonly listen: Address;
  readonly url: string | null;
} {
  const address = addressOf(listen);
  const told = url === undefined ? null : parseServer(url);
  if (url !== undefined && told === null)
    throw new UsageError(`\`${url}\` is not an address of the form \`https://host:port\``, "gateway");
  if (!isLoopback(address) && told?.startsWith("https:") !== true)
    throw new AppError("listen.unsafe", {
      detail: `beyond this machine clients come over TLS: put a proxy in front and name its address with \`--url https://…\``,
    });
  return { listen: address, url: told };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function addressOf(text: string): Address {
  const [, bracketed, plain, digits = ""] = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new UsageError(`\`${text}\` is not of the form \`127.0.0.1:7331\``, "gateway");
}

function isLoopback({ host }: Address): boolean {
  return host === "::1" || host === "localhost" || host.startsWith("127.");
}

function banner(name: string, state: GatewayState): string {
  switch (state.is) {
    case "waiting":
      return `countersign: gateway ${name} is not taken in yet and denies everything: ${state.reason}`;
    case "denying":
      return `countersign: LEASE LOST: gateway ${name} denies everything: ${state.reason}`;
    case "serving":
      return `countersign: gateway ${name} holds its lease again (${state.server ?? "-"})`;
    default:
      return state satisfies never;
  }
}
