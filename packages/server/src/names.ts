import type { ChainNames } from "@countersign/api";
import { type Chain, isId } from "@countersign/core";
import type { Kernel } from "./kernel.ts";

export type NamedParts = Pick<Kernel, "store" | "keys" | "points" | "pointId">;

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
    const { store, keys, points, pointId } = this.kernel;
    if (isId("agt", id)) return (await store.get("agent", id))?.terms.name ?? null;
    if (isId("ep", id)) return id === pointId ? "control plane" : (points.all().find((p) => p.id === id)?.name ?? null);
    const sealed = isId("hum", id)
      ? (await store.get("human", id))?.terms.name
      : isId("dev", id)
        ? (await store.get("device", id))?.terms.name
        : isId("tsk", id)
          ? (await store.get("task", id))?.terms.purpose
          : undefined;
    return sealed === undefined ? null : await keys.openText(sealed);
  }
}
