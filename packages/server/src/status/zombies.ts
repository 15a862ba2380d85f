import type { AgentId, DeviceId, HumanId } from "@countersign/core";
import type { Kernel } from "../kernel.ts";

export interface Zombie {
  readonly kind: "task" | "session" | "mandate";
  readonly id: string;
  /** The dead link behind it. */
  readonly because: string;
}

/** INV-10: live tasks, sessions and mandates with a dead human, device or agent behind them. Must always be empty. */
export async function findZombies({ store, now }: Pick<Kernel, "store" | "now">): Promise<readonly Zombie[]> {
  const zombies: Zombie[] = [];
  const dead = async (
    kind: "human" | "device" | "agent",
    id: HumanId | DeviceId | AgentId | null,
  ): Promise<string | null> => {
    if (id === null) return null;
    const record = await store.get(kind, id);
    return record?.state.status === "active" ? null : `${kind} ${id} is ${record?.state.status ?? "missing"}`;
  };
  for (const { id, terms } of await store.find("task", { status: "live" })) {
    if (Date.parse(terms.expiresAt) <= now()) continue;
    const because =
      (await dead("human", terms.human)) ?? (await dead("device", terms.device)) ?? (await dead("agent", terms.agent));
    if (because !== null) zombies.push({ kind: "task", id, because });
  }
  for (const { id, terms } of await store.find("session", { status: "active" })) {
    const because = (await dead("human", terms.human)) ?? (await dead("device", terms.device));
    if (because !== null) zombies.push({ kind: "session", id, because });
  }
  for (const { id, terms } of await store.find("mandate", { status: "active" })) {
    const agent = await store.get("agent", terms.agent);
    // While its agent is only suspended a mandate opens nothing, and may again when the owner signs.
    const because =
      (await dead("human", terms.owner)) ??
      (await dead("device", terms.device)) ??
      (agent?.state.status === "suspended" ? null : await dead("agent", terms.agent));
    if (because !== null) zombies.push({ kind: "mandate", id, because });
  }
  return zombies;
}
