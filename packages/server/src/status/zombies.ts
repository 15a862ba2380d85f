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
  const look = async (kind: Zombie["kind"], id: string, links: readonly Link[]): Promise<void> => {
    const because = await deadLink(store, links);
    if (because !== null) zombies.push({ kind, id, because });
  };
  for (const { id, terms } of await store.find("task", { status: "live" })) {
    const { human, device, agent } = terms;
    if (Date.parse(terms.expiresAt) > now())
      await look("task", id, [
        ["human", human],
        ["device", device],
        ["agent", agent],
      ]);
  }
  for (const { id, terms } of await store.find("session", { status: "active" }))
    await look("session", id, [
      ["human", terms.human],
      ["device", terms.device],
    ]);
  for (const { id, terms } of await store.find("mandate", { status: "active" })) {
    const { owner, device, agent } = terms;
    await look("mandate", id, [
      ["human", owner],
      ["device", device],
      ["agent", agent, "suspended"],
    ]);
  }
  return zombies;
}

/** A link of a chain; with a state that is no life, but no end either: a mandate of a suspended agent opens nothing, and may again when the owner signs. */
type Link = readonly [kind: "human" | "device" | "agent", id: HumanId | DeviceId | AgentId | null, also?: "suspended"];

async function deadLink(store: Kernel["store"], links: readonly Link[]): Promise<string | null> {
  for (const [kind, id, also] of links) {
    const status = id === null ? "active" : ((await store.get(kind, id))?.state.status ?? "missing");
    if (status !== "active" && status !== also) return `${kind} ${String(id)} is ${status}`;
  }
  return null;
}
