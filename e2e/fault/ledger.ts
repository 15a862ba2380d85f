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
    const { servers, env } = this.cluster;
    for (const [i, { data, api }] of servers.entries()) {
      const copy = join(folder, `export-${String(i)}-${String(this.read.length)}`);
      const place = ["--data", data, "--json"];
      for (const args of [
        ["ledger", "export", copy, "--server", api, ...place],
        ["ledger", "verify", "--offline", copy, "--json"],
      ]) {
        const ran = await countersign(args, env);
        if (ran.code !== 0) return `countersign ${args.slice(0, 2).join(" ")} of server ${String(i)}: ${ran.stderr}`;
      }
    }
    return null;
  }
}

function recorded({ index, body }: { readonly index: number; readonly body: LedgerEntry }): Recorded {
  const { id, kind, point, pointSeq, chain, taskSeq, resource, intent, outcome } = body;
  const { task } = chain;
  const entry = { index, id, kind, point, pointSeq, task, taskSeq, resource };
  return { ...entry, intent: intent ?? null, outcome: outcome?.status ?? null };
}
