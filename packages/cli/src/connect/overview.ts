import { AppError } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { table } from "../output/table.ts";
import { programName } from "../start/program-name.ts";
import { CLIENTS } from "./clients/index.ts";
import type { Client } from "./clients/client.ts";
import { placeOf, readClient } from "./read-client.ts";

/** A client of this machine. */
export interface FoundClient {
  readonly client: Client;
  readonly servers: number;
  readonly governed: number;
  /** Why its configuration cannot be read, or null. */
  readonly trouble: string | null;
}

/** The clients that have a configuration here, without starting anything. */
export function foundClients({ env }: Pick<Cli, "env">): readonly FoundClient[] {
  return CLIENTS.flatMap((client): readonly FoundClient[] => {
    try {
      const place = placeOf(client, env, env.defaultDataDir);
      const { lists, servers } = readClient(client, env, { place });
      if (!lists.some(({ exists }) => exists)) return [];
      const governed = servers.filter((server) => server.governed !== null).length;
      return [{ client, servers: servers.length, governed, trouble: null }];
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return [{ client, servers: 0, governed: 0, trouble: error.message }];
    }
  });
}

/** `countersign connect` without a client. */
export function answerOverview(cli: Cli): ExitCode {
  const found = foundClients(cli);
  const program = programName(cli.env);
  const list = found.map(({ client, ...rest }) => ({ client: client.id, name: client.name, ...rest }));
  cli.out.answer({ clients: list }, () => {
    if (found.length === 0)
      return [`no client was found here; it may be named all the same: ${CLIENTS.map(({ id }) => id).join(", ")}`];
    const rows = found.map((one) => [one.client.id, one.client.name, standing(one)]);
    const open = found.find(
      ({ governed, servers, trouble }) => trouble === null && (servers === 0 || governed < servers),
    );
    const next = open === undefined ? [] : ["", `next: ${program} connect ${open.client.id}`];
    return [...table(["client", "name", "servers"], rows), ...next];
  });
  return EXIT.ok;
}

function standing({ servers, governed, trouble }: FoundClient): string {
  if (trouble !== null) return trouble;
  if (servers === 0) return "none";
  return `${String(servers)}, ${governed === servers ? "all" : String(governed)} through Countersign`;
}
