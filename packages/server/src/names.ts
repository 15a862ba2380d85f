import type { ChainNames } from "@countersign/api";
import { type Chain, type PointId, type Sealed, isId } from "@countersign/core";
import type { Kernel } from "./kernel.ts";

export type NamedParts = Pick<Kernel, "store" | "keys" | "pointId">;

/** Names behind ids, each looked up once for one answer. Null: nobody has this id, or the name was erased. */
export class Names {
  private readonly kernel: NamedParts;
  private readonly known = new Map<string, Promise<string | null>>();

  constructor(kernel: NamedParts) {
    this.kernel = kernel;
  }

  /** The name of a human, device, agent or point; of a task its purpose. */
  async of(id: string | null): Promise<string | null> {
    if (id === null) return null;
    const known = this.known.get(id) ?? this.read(id);
    this.known.set(id, known);
    return await known;
  }

  async chain({ human, device, agent, task }: Chain): Promise<ChainNames> {
    const [of, on, by, within] = await Promise.all([human, device, agent, task].map(async (id) => await this.of(id)));
    return { human: of ?? null, device: on ?? null, agent: by ?? null, task: within ?? null };
  }

  /** By id, what has a name. */
  async all(ids: Iterable<string>): Promise<Readonly<Record<string, string>>> {
    const pairs = await Promise.all([...new Set(ids)].map(async (id) => [id, await this.of(id)] as const));
    return Object.fromEntries(pairs.flatMap(([id, name]) => (name === null ? [] : [[id, name]])));
  }

  private async read(id: string): Promise<string | null> {
    if (isId("agt", id)) return (await this.kernel.store.get("agent", id))?.terms.name ?? null;
    if (isId("ep", id)) return await this.pointName(id);
    const sealed = await this.sealedName(id);
    return sealed === undefined ? null : await this.kernel.keys.openText(sealed);
  }

  private async pointName(id: PointId): Promise<string | null> {
    if (id === this.kernel.pointId) return "control plane";
    return (await this.kernel.store.get("point", id))?.terms.name ?? null;
  }

  private async sealedName(id: string): Promise<Sealed | undefined> {
    const { store } = this.kernel;
    if (isId("hum", id)) return (await store.get("human", id))?.terms.name;
    if (isId("dev", id)) return (await store.get("device", id))?.terms.name;
    if (isId("tsk", id)) return (await store.get("task", id))?.terms.purpose;
    return undefined;
  }
}
