import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "./cluster/cluster.ts";
import { People } from "./cluster/people.ts";
import { Upstream } from "./load.ts";

export interface WorldOptions {
  readonly servers: number;
  readonly gateways: number;
  /** Whether the database has a synchronous standby. */
  readonly standby?: boolean;
  readonly say: (line: string) => void;
}

/** A cluster that works, the upstream behind it and the people before it, with a folder for what all of them write down. */
export class World {
  readonly folder: string;
  readonly upstream: Upstream;
  readonly cluster: Cluster;
  readonly people: People;

  private constructor(parts: Pick<World, "folder" | "upstream" | "cluster" | "people">) {
    this.folder = parts.folder;
    this.upstream = parts.upstream;
    this.cluster = parts.cluster;
    this.people = parts.people;
  }

  static async begin(options: WorldOptions): Promise<World> {
    const { say } = options;
    const folder = await mkdtemp(join(tmpdir(), "countersign-fault-"));
    say(`logs in ${folder}`);
    const upstream = await Upstream.start(join(folder, "upstream.log"));
    const cluster = await Cluster.make({ ...options, folder });
    try {
      const people = await working(cluster, upstream);
      say(`${String(cluster.servers.length)} servers and ${String(cluster.gateways.length)} gateways work`);
      return new World({ folder, upstream, cluster, people });
    } catch (error) {
      await cluster.close();
      upstream.end();
      throw error;
    }
  }

  /** `keep`: the logs stay where they are. */
  async close(keep: boolean): Promise<void> {
    await this.cluster.close();
    this.upstream.end();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }
}

/** Starts everything, in the order in which an operator does. */
async function working(cluster: Cluster, upstream: Upstream): Promise<People> {
  const setupUrl = await cluster.startServers();
  const apis = cluster.servers.map(({ api }) => api);
  const people = await People.create(apis, setupUrl, cluster.gateways);
  const upstreamApproval = await cluster.addUpstream(upstream.url);
  await people.ask(async (alice) => await alice.answer(upstreamApproval));
  await cluster.joinGateways();
  return people;
}
