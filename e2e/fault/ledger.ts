import { join } from "node:path";
import type { LedgerEntry } from "@countersign/core";
import { countersign } from "../support/launcher.ts";
import { overSocket } from "../support/socket.ts";
import type { Recorded } from "./check/history.ts";
import type { Cluster } from "./cluster/cluster.ts";

const PAGE = 1000;

/** The ledger of a cluster as a server shows it, read on from where it was read before. */
export class LedgerReader {
  private readonly read: Recorded[] = [];
  private readonly cluster: Cluster;
  private copies = 0;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  async entries(): Promise<readonly Recorded[]> {
    const socket = join(this.cluster.servers[0]?.data ?? "", "control.sock");
    for (;;) {
      const { json } = await overSocket(
        socket,
        `/v1/ledger/entries?limit=${String(PAGE)}&from=${String(this.read.length)}`,
      );
      const page = json["entries"] as readonly { readonly index: number; readonly body: LedgerEntry }[];
      this.read.push(...page.map(recorded));
      if (page.length < PAGE) return this.read;
    }
  }

  /** What is wrong with the ledger as a stranger sees it who has only a copy of it, and between the servers; null: nothing. */
  async verified(folder: string): Promise<string | null> {
    for (const i of this.cluster.servers.keys()) {
      try {
        await this.command(i, ["ledger", "verify", "--offline", await this.copied(i, folder), "--json"]);
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    }
    return null;
  }

  /** A copy of the ledger as one of the servers publishes it; answers the folder. @throws Error when there is none to have */
  async copied(server: number, folder: string): Promise<string> {
    const copy = join(folder, `export-${String(server)}-${String((this.copies += 1))}`);
    const { data, api } = this.cluster.servers[server] as Cluster["servers"][number];
    await this.command(server, ["ledger", "export", copy, "--server", api, "--data", data, "--json"]);
    return copy;
  }

  private async command(server: number, args: readonly string[]): Promise<void> {
    const { code, stderr } = await countersign(args, this.cluster.env);
    if (code !== 0) throw new Error(`countersign ${args.slice(0, 2).join(" ")} of server ${String(server)}: ${stderr}`);
  }
}

function recorded({ index, body }: { readonly index: number; readonly body: LedgerEntry }): Recorded {
  const { id, kind, point, pointSeq, chain, taskSeq, resource, intent, outcome } = body;
  const { task } = chain;
  const entry = { index, id, kind, point, pointSeq, task, taskSeq, resource };
  return { ...entry, intent: intent ?? null, outcome: outcome?.status ?? null };
}
